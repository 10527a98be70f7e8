/* engine/train/checkpoint.c - two slots, written in turn.
 *
 * A file counts only when its own SHA-256 is right: a torn or rotten one falls back to the other
 * slot. Its identity is checked before its size, so that "of another run" and "damaged" are told
 * apart; a damaged one is never guessed at.
 * A process killed while it wrote leaves its temporary
 * file behind; whoever begins or resumes removes it.
 */
#include "engine/train/checkpoint_internal.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/os.h"
#include "base/str.h"
#include <string.h>

#define MAGIC           "cairn.checkpoint/v1"
#define HEX             64
#define SWEEP_BYTES_MAX (16u << 20)

static const char *const SLOTS[2] = {"checkpoint-a", "checkpoint-b"};

struct image_header {
    char magic[32];
    char identity[HASH_HEX_BYTES + 7];
    uint64_t param_count;
    uint64_t event_bytes; /* sizeof(struct train_event) where it was written */
    int32_t epochs;
    int32_t unused;
    struct checkpoint_state state;
};

static size_t aligned(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

enum err_code checkpoint_new(const char *dir, const char *identity, size_t param_count,
                             int32_t epochs, struct checkpoint **ret, struct err *err)
{
    size_t history_at = aligned(sizeof(struct image_header));
    size_t m_at = aligned(history_at + (size_t)epochs * sizeof(struct train_event));
    size_t block = aligned(param_count * sizeof(float)), end = m_at + (dir ? 4 : 3) * block;
    struct checkpoint *c = mem_try(1, sizeof *c, err);
    if (!c) return err->code;
    c->image = mem_try(end + HEX, 1, err);
    if (!c->image) {
        mem_free(c);
        return err->code;
    }
    struct image_header *h = (void *)c->image;
    memcpy(h->magic, MAGIC, sizeof MAGIC);
    memcpy(h->identity, identity, HASH_HEX_BYTES);
    h->param_count = param_count;
    h->event_bytes = sizeof(struct train_event);
    h->epochs = epochs;
    c->image_bytes = end + HEX;
    c->param_count = param_count;
    c->epochs = epochs;
    c->dir = dir;
    c->state = &h->state;
    c->history = (void *)(c->image + history_at);
    c->m = (void *)(c->image + m_at);
    c->v = (void *)(c->image + m_at + block);
    c->best = (void *)(c->image + m_at + 2 * block);
    c->params = dir ? (void *)(c->image + m_at + 3 * block) : NULL;
    *ret = c;
    return ERR_OK;
}

void checkpoint_free(struct checkpoint *c)
{
    if (!c) return;
    mem_free(c->image);
    mem_free(c);
}

enum slot_kind { SLOT_ABSENT, SLOT_DAMAGED, SLOT_OTHER, SLOT_GOOD };

static bool state_is_sane(const struct checkpoint *c, const struct checkpoint_state *s)
{
    return s->step >= 0 && s->epoch >= 0 && s->epoch < c->epochs && s->batch >= 0 &&
           s->best_epoch >= 0 && s->best_epoch <= s->history_count && s->history_count >= 0 &&
           s->history_count <= c->epochs;
}

static enum slot_kind judge(const struct checkpoint *c, const struct os_map *file,
                            struct checkpoint_state *ret_state)
{
    struct image_header h;
    char hex[HASH_HEX_BYTES];
    const struct image_header *own = (const void *)c->image;
    if (file->len < sizeof h + HEX) return SLOT_DAMAGED;
    memcpy(&h, file->data, sizeof h);
    hash_bytes(file->data, file->len - HEX, hex);
    if (memcmp(hex, (const char *)file->data + file->len - HEX, HEX) != 0) return SLOT_DAMAGED;
    if (memcmp(h.magic, own->magic, sizeof h.magic) != 0 ||
        memcmp(h.identity, own->identity, sizeof h.identity) != 0 ||
        h.param_count != own->param_count || h.event_bytes != own->event_bytes ||
        h.epochs != own->epochs || file->len != c->image_bytes)
        return SLOT_OTHER;
    if (!state_is_sane(c, &h.state)) return SLOT_DAMAGED;
    *ret_state = h.state;
    return SLOT_GOOD;
}

static enum err_code open_slot(const struct checkpoint *c, int slot, struct os_map *ret_file,
                               enum slot_kind *ret_kind, struct checkpoint_state *ret_state,
                               struct err *err)
{
    char path[PATH_BYTES_MAX];
    *ret_kind = SLOT_ABSENT;
    if (os_join(path, c->dir, SLOTS[slot], err)) return err->code;
    if (!os_exists(path)) return ERR_OK;
    if (os_map_file(path, ret_file, err)) return err->code;
    *ret_kind = judge(c, ret_file, ret_state);
    return ERR_OK;
}

static enum err_code none_usable(const struct checkpoint *c, const enum slot_kind kind[2],
                                 struct err *err)
{
    if (kind[0] == SLOT_OTHER || kind[1] == SLOT_OTHER) {
        err_set(err, ERR_CONFLICT, "the checkpoint in %s is of another run", c->dir);
        err_detail(err, "data, recipe or start weights are not those that it was made with");
        return err_hint(err, "start again without resuming, or restore what the run began with");
    }
    err_set(err, ERR_CORRUPT, "the checkpoint in %s is damaged", c->dir);
    err_detail(err, "no slot (%s, %s) has the SHA-256 that it was written with", SLOTS[0],
               SLOTS[1]);
    return err_hint(err, "start again without resuming");
}

/* Removes what writes that were cut short left in the directory. */
static enum err_code sweep(const struct checkpoint *c, struct err *err)
{
    struct arena arena;
    char **names = NULL, path[PATH_BYTES_MAX];
    size_t count = 0;
    arena_init(&arena, SWEEP_BYTES_MAX);
    enum err_code code = os_list(c->dir, &arena, &names, &count, err);
    for (size_t i = 0; i < count && !code; i++)
        if (str_starts(names[i], "checkpoint-") && strstr(names[i], ".tmp-")) {
            code = os_join(path, c->dir, names[i], err);
            if (!code) code = os_remove(path, err);
        }
    arena_release(&arena);
    return code;
}

/* Steps tell the age; at the same step, the one that has scored the epoch is the later. */
static bool later(const struct checkpoint_state *a, const struct checkpoint_state *b)
{
    return a->step != b->step ? a->step > b->step : a->history_count > b->history_count;
}

enum err_code checkpoint_load(struct checkpoint *c, float *params, bool *ret_found, struct err *err)
{
    struct os_map file[2] = {{0}, {0}};
    struct checkpoint_state state[2] = {{0}, {0}};
    enum slot_kind kind[2] = {SLOT_ABSENT, SLOT_ABSENT};
    enum err_code code = ERR_OK;
    *ret_found = false;
    if (!c->dir || !os_is_dir(c->dir)) return ERR_OK;
    code = sweep(c, err);
    for (int s = 0; s < 2 && !code; s++) code = open_slot(c, s, &file[s], &kind[s], &state[s], err);
    if (code) goto out;
    int pick = kind[0] == SLOT_GOOD ? 0 : 1;
    if (kind[0] == SLOT_GOOD && kind[1] == SLOT_GOOD && later(&state[1], &state[0])) pick = 1;
    if (kind[pick] == SLOT_GOOD) {
        memcpy(c->image, file[pick].data, c->image_bytes);
        memcpy(params, c->params, c->param_count * sizeof(float));
        c->next_slot = !pick;
        *ret_found = true;
    } else if (kind[0] != SLOT_ABSENT || kind[1] != SLOT_ABSENT) {
        code = none_usable(c, kind, err);
    }
out:
    for (int s = 0; s < 2; s++)
        if (file[s].data) os_unmap(&file[s]);
    return code;
}

enum err_code checkpoint_save(struct checkpoint *c, const float *params, struct err *err)
{
    char path[PATH_BYTES_MAX], hex[HASH_HEX_BYTES];
    if (!c->dir) return ERR_OK;
    if (os_join(path, c->dir, SLOTS[c->next_slot], err)) return err->code;
    memcpy(c->params, params, c->param_count * sizeof(float));
    hash_bytes(c->image, c->image_bytes - HEX, hex);
    memcpy(c->image + c->image_bytes - HEX, hex, HEX);
    if (os_write_atomic(path, c->image, c->image_bytes, err)) return err->code;
    c->next_slot = !c->next_slot;
    return ERR_OK;
}

enum err_code checkpoint_clear(struct checkpoint *c, struct err *err)
{
    char path[PATH_BYTES_MAX];
    if (!c->dir) return ERR_OK;
    if (os_mkdirs(c->dir, err)) return err->code;
    for (int s = 0; s < 2; s++)
        if (os_join(path, c->dir, SLOTS[s], err) || os_remove(path, err)) return err->code;
    c->next_slot = 0;
    return sweep(c, err);
}
