/* proof/evidence/criterion.c - criteria as such: are they sound, how do they read, what is their
 * digest.
 *
 * The digest must not change when a user reorders lines of cairn.yaml, and must change with
 * anything that can change a verdict. So each criterion is written as canonical JSON with its
 * defaults filled in, the lines are sorted, and the hash runs over them.
 */
#include "proof/evidence/gate.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/str.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {[CRITERION_AT_LEAST] = "at_least",
                                         [CRITERION_AT_MOST] = "at_most",
                                         [CRITERION_NOT_WORSE] = "not_worse_than",
                                         [STOP_BELOW] = "below",
                                         [STOP_ABOVE] = "above"};

const char *criterion_kind_name(enum criterion_kind k)
{
    return kind_names[k];
}

static enum err_code unknown_metric(const char *name, struct err *err)
{
    const char *names[64];
    size_t count = 0;
    for (; metric_at(count) && count < ARRAY_COUNT(names); count++)
        names[count] = metric_at(count)->name;
    const char *near = str_nearest(name, names, count);
    err_set(err, ERR_BAD_INPUT, "no metric is named \"%s\"", name);
    if (near) return err_hint(err, "did you mean \"%s\"?", near);
    return err_hint(err,
                    "metrics begin with entity_f1, entity_recall, latency_p99_ms, acceptance_rate");
}

enum err_code criterion_check(const struct criterion *c, struct err *err)
{
    const struct metric_info *m = metric_find(c->metric);
    if (!m) return unknown_metric(c->metric, err);
    if (c->label && !m->takes_label)
        return err_set(err, ERR_BAD_INPUT, "%s is measured over all labels, not for \"%s\" alone",
                       m->name, c->label);
    if (c->kind == CRITERION_NOT_WORSE) {
        if (!m->paired)
            return err_set(err, ERR_BAD_INPUT, "%s cannot be compared by not_worse_than", m->name);
        if (!isfinite(c->margin) || c->margin < 0)
            return err_set(err, ERR_BAD_INPUT, "the margin of %s must be a number, 0 or more",
                           m->name);
    } else if (!isfinite(c->threshold)) {
        return err_set(err, ERR_BAD_INPUT, "the threshold of %s must be a number", m->name);
    }
    if (c->confidence != 0 && !(c->confidence >= 0.5 && c->confidence < 1))
        return err_set(err, ERR_BAD_INPUT, "the confidence of %s must be 0.5 or more and below 1",
                       m->name);
    if (c->over < 0)
        return err_set(err, ERR_BAD_INPUT, "\"over\" of %s must not be negative", m->name);
    return ERR_OK;
}

static double confidence_of(const struct criterion *c)
{
    return c->confidence > 0 ? c->confidence : CONFIDENCE_DEFAULT;
}

void criterion_text(const struct criterion *c, char *out, size_t cap)
{
    static const char *const sign[] = {[CRITERION_AT_LEAST] = ">=",
                                       [CRITERION_AT_MOST] = "<=",
                                       [STOP_BELOW] = "stop if <",
                                       [STOP_ABOVE] = "stop if >"};
    struct buf b;
    buf_init(&b, 1024);
    buf_adds(&b, c->metric);
    if (c->label) buf_addf(&b, "[%s]", c->label);
    if (c->kind == CRITERION_NOT_WORSE)
        buf_addf(&b, " not worse by more than %g", c->margin);
    else
        buf_addf(&b, " %s %g", sign[c->kind], c->threshold);
    buf_addf(&b, " (%g %%", confidence_of(c) * 100);
    if (c->over > 0) buf_addf(&b, ", n >= %lld", (long long)c->over);
    buf_addc(&b, ')');
    size_t len = b.len < cap ? b.len : cap - 1;
    len = utf8_valid_prefix(b.data, len);
    memcpy(out, b.data, len);
    out[len] = '\0';
    buf_release(&b);
}

static char *canonical_line(const struct criterion *c)
{
    json_t *o = json_pack("{s:s, s:s, s:f, s:I, s:o}", "kind", kind_names[c->kind], "metric",
                          c->metric, "confidence", confidence_of(c), "over", (json_int_t)c->over,
                          "label", c->label ? json_string(c->label) : json_null());
    BUG_IF(!o);
    double bound = c->kind == CRITERION_NOT_WORSE ? c->margin : c->threshold;
    json_object_set_new(o, "bound", json_real_or_null(bound));
    struct buf b;
    buf_init(&b, 4096);
    json_canonical(o, &b);
    json_decref(o);
    BUG_IF(b.failed);
    return buf_take(&b);
}

static int line_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void hash_lines(struct hash *h, const struct criterion *c, size_t count)
{
    struct err err;
    char **lines = mem_try(count + 1, sizeof *lines, &err);
    BUG_IF(!lines); /* a handful of criteria */
    for (size_t i = 0; i < count; i++) lines[i] = canonical_line(&c[i]);
    qsort(lines, count, sizeof *lines, line_order);
    hash_add_i64(h, (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        hash_add_str(h, lines[i]);
        mem_free(lines[i]);
    }
    mem_free(lines);
}

void criteria_digest(const struct criterion *c, size_t count, const struct criterion *stops,
                     size_t stop_count, int64_t deadline_us, char hex[HASH_HEX_BYTES])
{
    struct hash h;
    hash_init(&h);
    hash_add_str(&h, "cairn.criteria/v1");
    hash_lines(&h, c, count);
    hash_lines(&h, stops, stop_count);
    hash_add_i64(&h, deadline_us);
    hash_finish(&h, hex);
}
