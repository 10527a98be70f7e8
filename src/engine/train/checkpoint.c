/* engine/train/checkpoint.c - two slots, written in turn, and the parameters of the best epoch.
 *
 * A file counts only when its own SHA-256 is right: a torn or rotten slot falls back to the other.
 * What kind of file it is, its identity and its sizes are checked in this order, so that "of
 * another version", "of another run" and "damaged" are told apart; a damaged one is never guessed
 * at. A process killed while it wrote leaves its temporary file behind, and one killed between the
 * end of an epoch and the next slot a best epoch that no slot names; whoever begins or resumes
 * removes them.
 */
#include "engine/train/checkpoint_internal.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/os.h"
#include "base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC           "cairn.checkpoint/v2"
#define MAGIC_BEST      "cairn.checkpoint.best/v1"
#define HEX             64
#define SWEEP_BYTES_MAX (16u << 20)
#define PIECE_BYTES     (256u << 10) /* hashed and written while it is in the cache */
#define BEST            "best-"

static const char *const SLOTS[2] = {"checkpoint-a", "checkpoint-b"};

struct file_header {
    char magic[32];
    char identity[HASH_HEX_BYTES + 7];
    uint64_t param_count;
    uint64_t event_bytes; /* sizeof(struct train_event) where it was written */
    int32_t epochs;
    int32_t slots[EMBED_TABLES]; /* of the tables: rows that have moments */
    struct checkpoint_state state;
};

enum { PARTS_MAX = 4 + 3 * EMBED_TABLES };
struct part { /* of a file, behind its header: lies in memory as it lies in the file */
    void *data;
    size_t bytes;
};

enum err_code checkpoint_new(const char *dir, const char *identity, int32_t epochs,
                             struct optimizer *o, struct checkpoint **ret, struct err *err)
{
    struct checkpoint *c = mem_try(1, sizeof *c, err);
    if (!c) return err->code;
    c->history = mem_try((size_t)epochs, sizeof *c->history, err);
    if (!c->history) {
        mem_free(c);
        return err->code;
    }
    memcpy(c->identity, identity, HASH_HEX_BYTES);
    c->dir = dir;
    c->epochs = epochs;
    c->optimizer = o;
    *ret = c;
    return ERR_OK;
}

void checkpoint_free(struct checkpoint *c)
{
    if (!c) return;
    mem_free(c->history);
    mem_free(c->best);
    mem_free(c);
}

/* ------------------------------------------------------------------------ what a file holds */

static struct file_header header_of(const struct checkpoint *c, const char *magic)
{
    struct file_header h = {.param_count = c->optimizer->model->param_count,
                            .event_bytes = sizeof(struct train_event),
                            .epochs = c->epochs,
                            .state = c->state};
    memcpy(h.magic, magic, strlen(magic));
    memcpy(h.identity, c->identity, HASH_HEX_BYTES);
    for (int i = 0; i < EMBED_TABLES; i++) h.slots[i] = c->optimizer->table[i].slots;
    return h;
}

/* The parts of a slot whose tables have these numbers of slots. */
static int parts_of(const struct checkpoint *c, const int32_t slots[EMBED_TABLES],
                    struct part parts[PARTS_MAX])
{
    const struct optimizer *o = c->optimizer;
    const size_t dense = o->count * sizeof(float);
    int n = 0;
    parts[n++] = (struct part){c->history, (size_t)c->epochs * sizeof *c->history};
    parts[n++] = (struct part){o->model->params, o->model->param_count * sizeof(float)};
    parts[n++] = (struct part){o->m, dense};
    parts[n++] = (struct part){o->v, dense};
    for (int i = 0; i < EMBED_TABLES; i++) {
        const struct optim_rows *t = &o->table[i];
        const size_t rows = (size_t)slots[i], bytes = rows * (size_t)t->width * sizeof(float);
        parts[n++] = (struct part){t->row_of, rows * sizeof *t->row_of};
        parts[n++] = (struct part){t->m, bytes};
        parts[n++] = (struct part){t->v, bytes};
    }
    return n;
}

static size_t file_bytes(const struct part *parts, int count)
{
    size_t bytes = sizeof(struct file_header) + HEX;
    for (int i = 0; i < count; i++) bytes += parts[i].bytes;
    return bytes;
}

/* ---------------------------------------------------------------------------------- writing */

static enum err_code write_part(struct os_replace *file, struct hash *h, const void *data,
                                size_t bytes, struct err *err)
{
    const char *at = data;
    for (size_t left = bytes; left > 0;) {
        const size_t n = left < PIECE_BYTES ? left : PIECE_BYTES;
        hash_add(h, at, n);
        if (os_replace_write(file, at, n, err)) return err->code;
        at += n;
        left -= n;
    }
    return ERR_OK;
}

static enum err_code write_file(const struct checkpoint *c, const char *name,
                                const struct file_header *header, const struct part *parts,
                                int count, struct err *err)
{
    char path[PATH_BYTES_MAX], hex[HASH_HEX_BYTES];
    struct os_replace file;
    struct hash h;
    if (os_join(path, c->dir, name, err) || os_replace_begin(path, &file, err)) return err->code;
    hash_init(&h);
    enum err_code code = write_part(&file, &h, header, sizeof *header, err);
    for (int i = 0; i < count && !code; i++)
        code = write_part(&file, &h, parts[i].data, parts[i].bytes, err);
    hash_finish(&h, hex);
    if (!code) code = os_replace_write(&file, hex, HEX, err);
    if (!code) return os_replace_commit(&file, err);
    os_replace_abandon(&file);
    return code;
}

/* --------------------------------------------------------------------------------- clearing */

/* A best epoch that neither a slot nor the state names. */
static bool is_orphan(const struct checkpoint *c, const char *name)
{
    char *end = NULL;
    if (!str_starts(name, BEST)) return false;
    const long epoch = strtol(name + strlen(BEST), &end, 10);
    return epoch > 0 && *end == '\0' && epoch != c->state.best_epoch && epoch != c->slot_best[0] &&
           epoch != c->slot_best[1];
}

/* Removes what writes that were cut short left in the directory, and orphans. */
static enum err_code sweep(const struct checkpoint *c, struct err *err)
{
    struct arena arena;
    char **names = NULL, path[PATH_BYTES_MAX];
    size_t count = 0;
    arena_init(&arena, SWEEP_BYTES_MAX);
    enum err_code code = os_list(c->dir, &arena, &names, &count, err);
    for (size_t i = 0; i < count && !code; i++) {
        const bool ours = str_starts(names[i], BEST) || str_starts(names[i], "checkpoint-");
        if (!(ours && strstr(names[i], ".tmp-")) && !is_orphan(c, names[i])) continue;
        code = os_join(path, c->dir, names[i], err);
        if (!code) code = os_remove(path, err);
    }
    arena_release(&arena);
    return code;
}

enum err_code checkpoint_clear(struct checkpoint *c, struct err *err)
{
    char path[PATH_BYTES_MAX];
    if (!c->dir) return ERR_OK;
    if (os_mkdirs(c->dir, err)) return err->code;
    for (int s = 0; s < 2; s++) {
        if (os_join(path, c->dir, SLOTS[s], err) || os_remove(path, err)) return err->code;
        c->slot_best[s] = 0;
    }
    c->next_slot = 0;
    return sweep(c, err);
}

/* ---------------------------------------------------------------------------------- reading */

enum file_kind { FILE_ABSENT, FILE_DAMAGED, FILE_OLD, FILE_OTHER, FILE_GOOD };

struct opened {
    struct os_map map;
    enum file_kind kind;
    struct file_header header;
};

static enum file_kind judge(const struct checkpoint *c, const struct os_map *file,
                            const char *magic, struct file_header *ret)
{
    char hex[HASH_HEX_BYTES];
    const struct file_header own = header_of(c, magic);
    if (file->len < sizeof own.magic + HEX) return FILE_DAMAGED;
    hash_bytes(file->data, file->len - HEX, hex);
    if (memcmp(hex, (const char *)file->data + file->len - HEX, HEX) != 0) return FILE_DAMAGED;
    if (memcmp(file->data, own.magic, sizeof own.magic) != 0) return FILE_OLD;
    if (file->len < sizeof *ret + HEX) return FILE_DAMAGED;
    memcpy(ret, file->data, sizeof *ret);
    if (ret->event_bytes != own.event_bytes) return FILE_OLD;
    return memcmp(ret->identity, own.identity, sizeof own.identity) == 0 &&
                   ret->param_count == own.param_count && ret->epochs == own.epochs
               ? FILE_GOOD
               : FILE_OTHER;
}

/* The sizes and rows that the header and the tables of a slot name. */
static bool slot_is_sane(const struct checkpoint *c, const struct os_map *file,
                         const struct file_header *h)
{
    const struct checkpoint_state *s = &h->state;
    struct part parts[PARTS_MAX];
    for (int i = 0; i < EMBED_TABLES; i++)
        if (h->slots[i] < 0 || h->slots[i] > c->optimizer->table[i].rows) return false;
    return file->len == file_bytes(parts, parts_of(c, h->slots, parts)) && s->step >= 0 &&
           s->epoch >= 0 && s->epoch < c->epochs && s->batch >= 0 && s->best_epoch >= 0 &&
           s->best_epoch <= s->history_count && s->history_count >= 0 &&
           s->history_count <= c->epochs;
}

static enum err_code open_file(const struct checkpoint *c, const char *name, const char *magic,
                               struct opened *ret, struct err *err)
{
    char path[PATH_BYTES_MAX];
    *ret = (struct opened){.kind = FILE_ABSENT};
    if (os_join(path, c->dir, name, err)) return err->code;
    if (!os_exists(path)) return ERR_OK;
    if (os_map_file(path, &ret->map, err)) return err->code;
    ret->kind = judge(c, &ret->map, magic, &ret->header);
    return ERR_OK;
}

static void close_file(struct opened *f)
{
    if (f->map.data) os_unmap(&f->map);
}

static enum err_code none_usable(const struct checkpoint *c, enum file_kind a, enum file_kind b,
                                 struct err *err)
{
    if (a == FILE_OTHER || b == FILE_OTHER) {
        err_set(err, ERR_CONFLICT, "the checkpoint in %s is of another run", c->dir);
        err_detail(err, "data, recipe or start weights are not those that it was made with");
        return err_hint(err, "start again without resuming, or restore what the run began with");
    }
    if (a == FILE_OLD || b == FILE_OLD) {
        err_set(err, ERR_CONFLICT, "the checkpoint in %s is of another version of cairn", c->dir);
        err_detail(err, "this one writes and reads %s", MAGIC);
        return err_hint(err, "finish the run with the version that began it, or start again "
                             "without resuming");
    }
    err_set(err, ERR_CORRUPT, "the checkpoint in %s is damaged", c->dir);
    err_detail(err, "no slot (%s, %s) has the SHA-256 that it was written with", SLOTS[0],
               SLOTS[1]);
    return err_hint(err, "start again without resuming");
}

/* Steps tell the age; at the same step, the one that has scored the epoch is the later. */
static bool later(const struct checkpoint_state *a, const struct checkpoint_state *b)
{
    return a->step != b->step ? a->step > b->step : a->history_count > b->history_count;
}

/* Rows of moments go where the file has them; each row of a table has at most one. */
static bool place_rows(struct optim_rows *t, int32_t slots)
{
    for (int32_t s = 0; s < slots; s++) {
        const int32_t row = t->row_of[s];
        if (row < 0 || row >= t->rows || t->slot[row] >= 0) return false;
        t->slot[row] = s;
    }
    t->slots = slots;
    return true;
}

static enum err_code take(struct checkpoint *c, const struct opened *f, struct err *err)
{
    struct part parts[PARTS_MAX];
    const int count = parts_of(c, f->header.slots, parts);
    const char *at = (const char *)f->map.data + sizeof f->header;
    for (int i = 0; i < count; i++) {
        memcpy(parts[i].data, at, parts[i].bytes);
        at += parts[i].bytes;
    }
    for (int i = 0; i < EMBED_TABLES; i++)
        if (!place_rows(&c->optimizer->table[i], f->header.slots[i]))
            return none_usable(c, FILE_DAMAGED, FILE_DAMAGED, err);
    c->state = f->header.state;
    return ERR_OK;
}

static void best_name(char out[32], int32_t epoch)
{
    (void)snprintf(out, 32, BEST "%d", (int)epoch);
}

static enum err_code open_best(const struct checkpoint *c, struct opened *ret, struct err *err)
{
    char name[32];
    best_name(name, c->state.best_epoch);
    if (open_file(c, name, MAGIC_BEST, ret, err)) return err->code;
    const size_t bytes = c->optimizer->model->param_count * sizeof(float);
    if (ret->kind == FILE_GOOD && ret->header.state.best_epoch == c->state.best_epoch &&
        ret->map.len == sizeof ret->header + bytes + HEX)
        return ERR_OK;
    close_file(ret);
    err_set(err, ERR_CORRUPT, "the parameters of the best epoch, %s/%s, are %s", c->dir, name,
            ret->kind == FILE_ABSENT ? "missing" : "damaged");
    return err_hint(err, "start again without resuming");
}

static enum err_code check_best(const struct checkpoint *c, struct err *err)
{
    struct opened best = {.kind = FILE_ABSENT};
    if (c->state.best_epoch == 0) return ERR_OK;
    if (open_best(c, &best, err)) return err->code;
    close_file(&best);
    return ERR_OK;
}

enum err_code checkpoint_load(struct checkpoint *c, bool *ret_found, struct err *err)
{
    struct opened f[2] = {{.kind = FILE_ABSENT}, {.kind = FILE_ABSENT}};
    enum err_code code = ERR_OK;
    *ret_found = false;
    if (!c->dir || !os_is_dir(c->dir)) return ERR_OK;
    for (int s = 0; s < 2 && !code; s++) {
        code = open_file(c, SLOTS[s], MAGIC, &f[s], err);
        if (code || f[s].kind != FILE_GOOD) continue;
        if (!slot_is_sane(c, &f[s].map, &f[s].header)) f[s].kind = FILE_DAMAGED;
        if (f[s].kind == FILE_GOOD) c->slot_best[s] = f[s].header.state.best_epoch;
    }
    if (code) goto out;
    int pick = f[0].kind == FILE_GOOD ? 0 : 1;
    if (f[0].kind == FILE_GOOD && f[1].kind == FILE_GOOD &&
        later(&f[1].header.state, &f[0].header.state))
        pick = 1;
    if (f[pick].kind == FILE_GOOD) {
        code = take(c, &f[pick], err);
        if (!code) code = check_best(c, err);
        if (!code) code = sweep(c, err);
        c->next_slot = !pick;
        *ret_found = !code;
    } else if (f[0].kind != FILE_ABSENT || f[1].kind != FILE_ABSENT) {
        code = none_usable(c, f[0].kind, f[1].kind, err);
    }
out:
    for (int s = 0; s < 2; s++) close_file(&f[s]);
    return code;
}

/* ----------------------------------------------------------------------------------- saving */

enum err_code checkpoint_save(struct checkpoint *c, struct err *err)
{
    struct part parts[PARTS_MAX];
    if (!c->dir) return ERR_OK;
    const struct file_header h = header_of(c, MAGIC);
    const int count = parts_of(c, h.slots, parts);
    if (write_file(c, SLOTS[c->next_slot], &h, parts, count, err)) return err->code;
    const bool unnamed = c->slot_best[c->next_slot] != c->state.best_epoch;
    c->slot_best[c->next_slot] = c->state.best_epoch;
    c->next_slot = !c->next_slot;
    return unnamed ? sweep(c, err) : ERR_OK;
}

enum err_code checkpoint_keep_best(struct checkpoint *c, struct err *err)
{
    char name[32];
    const struct model *m = c->optimizer->model;
    const struct part params = {m->params, m->param_count * sizeof(float)};
    if (c->dir) {
        const struct file_header h = header_of(c, MAGIC_BEST);
        best_name(name, c->state.best_epoch);
        return write_file(c, name, &h, &params, 1, err);
    }
    if (!c->best) c->best = mem_try(m->param_count, sizeof *c->best, err);
    if (!c->best) return err->code;
    memcpy(c->best, params.data, params.bytes);
    return ERR_OK;
}

enum err_code checkpoint_take_best(struct checkpoint *c, struct err *err)
{
    const struct model *m = c->optimizer->model;
    const size_t bytes = m->param_count * sizeof(float);
    struct opened f = {.kind = FILE_ABSENT};
    if (!c->dir) {
        memcpy(m->params, c->best, bytes);
        return ERR_OK;
    }
    if (open_best(c, &f, err)) return err->code;
    memcpy(m->params, (const char *)f.map.data + sizeof f.header, bytes);
    close_file(&f);
    return ERR_OK;
}
