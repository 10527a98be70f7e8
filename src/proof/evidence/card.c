/* proof/evidence/card.c - the card is written from the evaluation's document, not from memory of
 * the run, so that it can be made again from evidence years later and says the same.
 */
#include "proof/evidence/card.h"

#include "base/str.h"

#include <math.h>
#include <string.h>

/* As a JSON string, which is a YAML string too. */
static void add_yaml(struct buf *b, const char *s)
{
    buf_addc(b, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            buf_addf(b, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            buf_addf(b, "\\u%04x", c);
        else
            buf_addc(b, (char)c);
    }
    buf_addc(b, '"');
}

/* Text of a user inside Markdown: nothing in it is markup, and it stays on one line. */
static void add_text(struct buf *b, const char *s)
{
    for (; *s; s++) {
        if (strchr("\\`*_{}[]<>|#", *s)) buf_addc(b, '\\');
        buf_addc(b, (unsigned char)*s < 0x20 ? ' ' : *s);
    }
}

static double real_of(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

static void add_percent(struct buf *b, double v)
{
    if (isnan(v))
        buf_adds(b, "-");
    else
        buf_addf(b, "%.1f %%", v * 100);
}

static void add_interval(struct buf *b, const json_t *pair)
{
    const json_t *low = json_array_get(pair, 0), *high = json_array_get(pair, 1);
    if (json_is_number(low) && json_is_number(high))
        buf_addf(b, " (%.1f to %.1f)", json_number_value(low) * 100, json_number_value(high) * 100);
}

static void add_measure(struct buf *b, const json_t *row, const char *name, const char *interval)
{
    buf_adds(b, " | ");
    add_percent(b, real_of(row, name));
    add_interval(b, json_object_get(row, interval));
}

static void add_row(struct buf *b, const char *label, const json_t *row)
{
    buf_adds(b, "| ");
    add_text(b, label);
    add_measure(b, row, "precision", "precision_interval");
    add_measure(b, row, "recall", "recall_interval");
    add_measure(b, row, "f1", "f1_interval");
    buf_addf(b, " | %lld |\n", (long long)json_integer_value(json_object_get(row, "gold")));
}

static void add_head(const struct card_input *in, struct buf *b)
{
    buf_adds(b, "---\nlibrary_name: transformers\npipeline_tag: token-classification\n");
    if (in->base_model) {
        buf_adds(b, "base_model: ");
        add_yaml(b, in->base_model);
        buf_addc(b, '\n');
    }
    buf_adds(b, "tags:\n- token-classification\n- cairn\nmetrics:\n- precision\n- recall\n- f1\n");
    const json_t *overall = json_object_get(in->evaluation, "overall");
    if (overall) {
        buf_adds(b, "model-index:\n- name: ");
        add_yaml(b, in->name);
        buf_adds(b, "\n  results:\n  - task: {type: token-classification}\n"
                    "    dataset: {type: private, name: test split}\n    metrics:\n");
        static const char *const names[] = {"precision", "recall", "f1"};
        for (size_t i = 0; i < ARRAY_COUNT(names); i++)
            buf_addf(b, "    - {type: %s, value: %.6f}\n", names[i], real_of(overall, names[i]));
    }
    buf_adds(b, "---\n\n# ");
    add_text(b, in->name);
    buf_adds(b, "\n\nA token classifier (named entities)");
    buf_addf(b, ", model `%s`.\n", in->digest);
    if (in->goal) buf_adds(b, "\n**Goal.** "), add_text(b, in->goal), buf_addc(b, '\n');
    if (in->owner) buf_adds(b, "\n**Owner.** "), add_text(b, in->owner), buf_addc(b, '\n');
}

static void add_baselines(const struct card_input *in, struct buf *b)
{
    if (in->baseline_count == 0) return;
    buf_adds(b, "\nThe same test through trivial taggers:\n\n"
                "| tagger | precision | recall | F1 | entities |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < in->baseline_count; i++)
        add_row(b, in->baselines[i].name, json_object_get(in->baselines[i].evaluation, "overall"));
}

static void add_unseen(const json_t *evaluation, struct buf *b)
{
    const json_t *seen = json_object_get(evaluation, "seen");
    const json_t *unseen = json_object_get(evaluation, "unseen");
    if (!json_is_object(unseen)) return;
    buf_adds(b, "\nEntities that the training data never showed: recall ");
    add_percent(b, real_of(unseen, "recall"));
    add_interval(b, json_object_get(unseen, "recall_interval"));
    if (json_is_object(seen)) {
        buf_adds(b, "; those that it showed: ");
        add_percent(b, real_of(seen, "recall"));
        add_interval(b, json_object_get(seen, "recall_interval"));
    }
    buf_adds(b, ".\n");
}

static void add_evaluation(const struct card_input *in, struct buf *b)
{
    const json_t *e = in->evaluation;
    buf_adds(b, "\n## Evaluation\n\n");
    if (!e) {
        buf_adds(b, "This model has not been evaluated: nothing is known of its quality.\n");
        return;
    }
    buf_addf(
        b,
        "On a test split of %lld examples, at %s, %s. An entity counts when its span and its "
        "label are both exact (as seqeval counts). In brackets: 95 %% interval, bootstrap over "
        "%s.\n\n| label | precision | recall | F1 | entities |\n|---|---|---|---|---|\n",
        (long long)json_integer_value(json_object_get(e, "examples")),
        in->precision ? in->precision : "unknown precision", in->how ? in->how : "measured",
        json_string_value(json_object_get(e, "units")));
    add_row(b, "all (micro)", json_object_get(e, "overall"));
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(e, "labels"), i, row)
        add_row(b, json_string_value(json_object_get(row, "label")), row);
    add_unseen(e, b);
    const char *sentence =
        json_string_value(json_object_get(json_object_get(e, "token"), "sentence"));
    if (sentence) buf_addf(b, "\n%s\n", sentence);
    add_baselines(in, b);
}

static void add_origin(const struct card_input *in, struct buf *b)
{
    buf_adds(b, "\n## Data\n\n");
    if (in->fingerprint_count == 0) buf_adds(b, "The splits are not recorded.\n");
    if (in->fingerprint_count) buf_adds(b, "| part | examples | fingerprint |\n|---|---|---|\n");
    for (size_t i = 0; i < in->fingerprint_count; i++)
        buf_addf(b, "| %s | %lld | `%s` |\n", in->fingerprints[i].part,
                 (long long)in->fingerprints[i].examples, in->fingerprints[i].digest);
    buf_adds(b, "\nThe data itself is not part of this folder.\n");
    if (in->recipe)
        buf_addf(b, "\n## Recipe\n\n    %s\n", in->recipe); /* one line: no fence to break */
    if (in->evidence_head)
        buf_addf(b, "\n## Evidence\n\nHead of the chain: `%s`. `cairn verify` walks it.\n",
                 in->evidence_head);
    buf_adds(b, "\n## Limits\n\n"
                "- The figures hold for texts like those of the test split; other departments, "
                "languages or document types must be measured first.\n"
                "- Texts longer than the model's window are read in overlapping windows.\n"
                "- Entities do not nest: of two that overlap only one can be found.\n"
                "\n## Use\n\n```python\nfrom transformers import pipeline\n"
                "ner = pipeline(\"token-classification\", model=\".\", "
                "aggregation_strategy=\"first\")\n```\n");
}

static enum err_code check_evaluation(const json_t *e, struct err *err)
{
    const json_t *labels = json_object_get(e, "labels"), *row;
    bool sound = json_is_object(json_object_get(e, "overall")) && json_is_array(labels) &&
                 json_is_string(json_object_get(e, "units"));
    for (size_t i = 0; sound && i < json_array_size(labels); i++) {
        row = json_array_get(labels, i);
        sound = json_is_string(json_object_get(row, "label"));
    }
    return sound ? ERR_OK : err_set(err, ERR_BAD_INPUT, "the evaluation for the card is not one");
}

enum err_code card_write(const struct card_input *in, struct buf *out, struct err *err)
{
    if (in->evaluation && check_evaluation(in->evaluation, err)) return err->code;
    for (size_t i = 0; i < in->baseline_count; i++)
        if (check_evaluation(in->baselines[i].evaluation, err)) return err->code;
    add_head(in, out);
    add_evaluation(in, out);
    add_origin(in, out);
    return buf_check(out, err);
}
