/* Every reader of the registry, once. */
#include "read_all.h"
#include "live/registry/history.h"
#include "registry_fixture.h"

struct reading {
    struct registry *r;
    struct arena *a;
    enum err_code worst; /* the last error */
};

static void note(struct reading *s, enum err_code code)
{
    if (code == ERR_OK || code == ERR_NOT_FOUND) return;
    s->worst = code;
}

static void read_rows(struct reading *s)
{
    struct err err = {0};
    size_t n = 0;
    struct run *runs;
    struct split *splits;
    struct registry_model *models;
    struct stage_version *stages;
    struct gate_row *gates;
    struct promotion *promotions, p;
    struct gate_filter gf = {.limit = 0};
    note(s, run_list(s->r, 0, s->a, &runs, &n, &err));
    note(s, split_list(s->r, s->a, &splits, &n, &err));
    note(s, registry_model_list(s->r, s->a, &models, &n, &err));
    note(s, stage_list(s->r, NULL, s->a, &stages, &n, &err));
    note(s, gate_list(s->r, &gf, s->a, &gates, &n, &err));
    note(s, promotion_list(s->r, s->a, &promotions, &n, &err));
    note(s, registry_champion(s->r, s->a, &p, &err));
    enum err_code code = registry_rollback_target(s->r, s->a, &p, &err);
    note(s, code == ERR_CONFLICT ? ERR_OK : code); /* there may be none */
}

static void read_traffic(struct reading *s)
{
    struct err err = {0};
    size_t n = 0;
    int64_t length = 0;
    char hex[HASH_HEX_BYTES];
    struct evidence_row *evidence;
    struct prediction_row *predictions;
    struct feedback_row *feedback;
    struct prediction_stats stats;
    struct feedback_counts counts;
    struct evidence_filter ef = {.with_bytes = true};
    struct prediction_filter pf = {.role = PREDICTION_LIVE};
    struct feedback_filter ff = {.state = -1};
    note(s, registry_candidate(s->r, hex, &err));
    note(s, evidence_head(s->r, hex, &length, &err));
    note(s, evidence_list(s->r, &ef, s->a, &evidence, &n, &err));
    note(s, prediction_list(s->r, &pf, s->a, &predictions, &n, &err));
    note(s, prediction_measure(s->r, &pf, &stats, &err));
    note(s, feedback_row_list(s->r, &ff, s->a, &feedback, &n, &err));
    note(s, feedback_row_count(s->r, &ff, false, &counts, &err));
}

enum err_code read_all(struct registry *r)
{
    struct arena a;
    struct reading s = {.r = r, .a = &a};
    arena_init(&a, 256u << 20);
    read_rows(&s);
    read_traffic(&s);
    arena_release(&a);
    return s.worst;
}
