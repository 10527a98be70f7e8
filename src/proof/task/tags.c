/* proof/task/tags.c - names of tags, and tags as entities.
 *
 * seqeval has two readings. Its default follows conlleval: an entity begins at B-, at any I- that
 * does not continue the label before it, and ends where the next tag is O, B- or another label.
 * Its strict IOB2 mode begins at B- only and continues over I- of the same label. Both come down
 * to one question a word: does it begin, continue, or neither? tests/oracle/seqeval holds the
 * answers of seqeval itself, illegal sequences included.
 */
#include "proof/task/token_task.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

static int name_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum err_code check_label(const char *label, struct err *err)
{
    size_t len = strlen(label);
    if (len == 0) return err_set(err, ERR_BAD_INPUT, "a label is empty");
    if (len > LABEL_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "label \"%.40s...\" is longer than %d bytes", label,
                       LABEL_BYTES_MAX);
    return ERR_OK;
}

enum err_code tag_set_from_labels(struct arena *a, const char *const *labels, int32_t count,
                                  struct tag_set *ret, struct err *err)
{
    if (count < 0 || count > LABEL_COUNT_MAX)
        return err_set(err, ERR_LIMIT, "%d labels: at most %d are allowed", count, LABEL_COUNT_MAX);
    struct tag_set t = {.labels = arena_alloc(a, ((size_t)count + 1) * sizeof(char *))};
    for (int32_t i = 0; i < count; i++) {
        if (check_label(labels[i], err)) return err->code;
        t.labels[i] = arena_strdup(a, labels[i]);
    }
    qsort(t.labels, (size_t)count, sizeof(char *), name_order);
    for (int32_t i = 0; i < count; i++)
        if (i == 0 || !str_eq(t.labels[i], t.labels[i - 1]))
            t.labels[t.label_count++] = t.labels[i];
    t.tag_count = 1 + 2 * t.label_count;
    t.tags = arena_alloc(a, (size_t)t.tag_count * sizeof(char *));
    t.tags[TAG_O] = arena_strdup(a, "O");
    for (int32_t l = 0; l < t.label_count; l++) {
        t.tags[1 + 2 * l] = arena_printf(a, "B-%s", t.labels[l]);
        t.tags[2 + 2 * l] = arena_printf(a, "I-%s", t.labels[l]);
    }
    *ret = t;
    return ERR_OK;
}

int32_t tag_set_label(const struct tag_set *t, const char *label)
{
    char **found = bsearch(&label, t->labels, (size_t)t->label_count, sizeof(char *), name_order);
    return found ? (int32_t)(found - t->labels) : -1;
}

bool tag_set_equal(const struct tag_set *a, const struct tag_set *b)
{
    if (a->label_count != b->label_count) return false;
    for (int32_t l = 0; l < a->label_count; l++)
        if (!str_eq(a->labels[l], b->labels[l])) return false;
    return true;
}

static bool model_has_begin(const struct model *m, const char *label)
{
    for (int32_t i = 0; i < m->config.labels; i++)
        if (str_starts(m->label_names[i], "B-") && str_eq(m->label_names[i] + 2, label))
            return true;
    return false;
}

/* Which label a model's name means and whether it begins an entity; NULL for O. */
static const char *read_name(const struct model *m, const char *name, bool *ret_begin)
{
    *ret_begin = false;
    if (str_eq(name, "O")) return NULL;
    bool prefixed = strlen(name) > 2 && name[1] == '-';
    if (prefixed && (name[0] == 'B' || name[0] == 'I')) {
        *ret_begin = name[0] == 'B';
        return name + 2;
    }
    if (prefixed && strchr("ESM", name[0]) && model_has_begin(m, name + 2)) {
        *ret_begin = name[0] == 'S';
        return name + 2;
    }
    return name;
}

enum err_code tag_set_from_model(struct arena *a, const struct model *m, struct tag_set *ret,
                                 int32_t **ret_map, struct err *err)
{
    int32_t n = m->config.labels;
    if (m->config.head != HEAD_TOKEN || n < 1) {
        err_set(err, ERR_BAD_INPUT, "the model has no token classification head");
        return err_hint(err,
                        "train it with `cairn train`, or choose a model for token classification");
    }
    const char **labels = arena_alloc(a, (size_t)n * sizeof *labels);
    int32_t count = 0;
    bool begin;
    for (int32_t i = 0; i < n; i++) {
        const char *label = read_name(m, m->label_names[i], &begin);
        if (label) labels[count++] = label;
    }
    struct tag_set t;
    if (tag_set_from_labels(a, labels, count, &t, err)) return err->code;
    int32_t *map = arena_alloc(a, (size_t)n * sizeof *map);
    for (int32_t i = 0; i < n; i++) {
        const char *label = read_name(m, m->label_names[i], &begin);
        map[i] = label ? 1 + 2 * tag_set_label(&t, label) + (begin ? 0 : 1) : TAG_O;
    }
    *ret = t;
    *ret_map = map;
    return ERR_OK;
}

int32_t tags_to_entities(const struct word_span *words, const int32_t *tags, const float *scores,
                         int32_t count, bool strict, struct entity *ret)
{
    int32_t found = 0, length = 0; /* words of the open entity; 0: none */
    double sum = 0;
    for (int32_t i = 0; i < count; i++) {
        int32_t label = tags[i] == TAG_O ? -1 : (tags[i] - 1) / 2;
        bool is_begin = tags[i] % 2 == 1;
        bool continues = length && label >= 0 && !is_begin && ret[found - 1].label == label;
        if (continues) {
            sum += scores ? (double)scores[i] : 1;
            length++;
            ret[found - 1].end = words[i].end;
            ret[found - 1].score = (float)(sum / length);
            continue;
        }
        length = label >= 0 && (is_begin || !strict);
        if (!length) continue;
        sum = scores ? (double)scores[i] : 1;
        ret[found++] = (struct entity){words[i].start, words[i].end, label, (float)sum};
    }
    return found;
}
