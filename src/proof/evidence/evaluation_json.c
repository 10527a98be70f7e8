/* proof/evidence/evaluation_json.c - an evaluation as a document.
 *
 * Two documents: numbers, which go into evidence and to the customer, and errors, which quote the
 * data and go only to who may read it.
 */
#include "proof/evidence/evidence_internal.h"

static json_t *interval_json(struct interval i)
{
    json_t *a = json_array();
    json_array_append_new(a, json_real_or_null(i.low));
    json_array_append_new(a, json_real_or_null(i.high));
    return a;
}

static json_t *prf_json(const struct prf *p)
{
    json_t *o = json_pack("{s:f, s:f, s:f, s:I, s:I, s:I}", "precision", p->precision, "recall",
                          p->recall, "f1", p->f1, "true_positive", (json_int_t)p->true_positive,
                          "predicted", (json_int_t)p->predicted, "gold", (json_int_t)p->gold);
    BUG_IF(!o);
    return o;
}

static json_t *report_json(const struct prf_report *r)
{
    json_t *o = prf_json(&r->prf);
    if (r->label) json_object_set_new(o, "label", json_string(r->label));
    json_object_set_new(o, "precision_interval", interval_json(r->precision));
    json_object_set_new(o, "recall_interval", interval_json(r->recall));
    json_object_set_new(o, "f1_interval", interval_json(r->f1));
    json_object_set_new(o, "strict", prf_json(&r->strict));
    return o;
}

static json_t *recall_json(const struct prf_report *r)
{
    if (r->prf.gold == 0) return json_null();
    return json_pack("{s:f, s:I, s:I, s:o}", "recall", r->prf.recall, "found",
                     (json_int_t)r->prf.true_positive, "gold", (json_int_t)r->prf.gold,
                     "recall_interval", interval_json(r->recall));
}

static json_t *tokens_json(const struct evaluation *e)
{
    json_t *rows = json_array();
    for (int32_t i = 0; i < e->token_row_count; i++) {
        const struct token_row *t = &e->tokens[i];
        json_array_append_new(rows, json_pack("{s:s, s:f, s:f, s:f, s:I}", "tag", t->tag,
                                              "precision", t->precision, "recall", t->recall, "f1",
                                              t->f1, "support", (json_int_t)t->support));
    }
    return json_pack("{s:f, s:f, s:s, s:o}", "accuracy", e->token_accuracy, "all_o_accuracy",
                     e->all_o_accuracy, "sentence", e->token_sentence, "rows", rows);
}

json_t *evaluation_json(const struct evaluation *e)
{
    json_t *labels = json_array();
    for (int32_t l = 0; l < e->label_count; l++)
        json_array_append_new(labels, report_json(&e->labels[l]));
    json_t *o = json_pack(
        "{s:i, s:i, s:I, s:I, s:s, s:I, s:i, s:f, s:s}", "examples", e->example_count, "groups",
        e->group_count, "words", (json_int_t)e->word_count, "lost_spans", (json_int_t)e->lost_count,
        "units", e->by_group ? "groups" : "examples", "seed", (json_int_t)e->seed, "resamples",
        e->resamples, "interval_confidence", 0.95, "data", e->data_digest);
    BUG_IF(!o);
    json_object_set_new(o, "overall", report_json(&e->overall));
    json_object_set_new(o, "macro", report_json(&e->macro));
    json_object_set_new(o, "labels", labels);
    json_object_set_new(o, "seen", recall_json(&e->seen));
    json_object_set_new(o, "unseen", recall_json(&e->unseen));
    json_object_set_new(o, "token", tokens_json(e));
    json_object_set_new(o, "errors", json_integer(e->errors_all));
    return o;
}

static json_t *entity_json(const struct entity *n, const struct evaluation *e)
{
    if (n->start < 0) return json_null();
    return json_pack("{s:i, s:i, s:s}", "start", n->start, "end", n->end, "label",
                     e->labels[n->label].label);
}

json_t *evaluation_errors_json(const struct evaluation *e)
{
    json_t *all = json_array();
    for (int32_t i = 0; i < e->error_count; i++) {
        const struct error_item *x = &e->errors[i];
        json_t *o =
            json_pack("{s:s, s:s, s:f, s:o, s:o, s:s, s:s, s:s}", "example", x->example->id, "kind",
                      error_kind_name(x->kind), "confidence", (double)x->confidence, "gold",
                      entity_json(&x->gold, e), "predicted", entity_json(&x->predicted, e),
                      "before", x->before, "text", x->text, "after", x->after);
        BUG_IF(!o);
        json_array_append_new(all, o);
    }
    return all;
}
