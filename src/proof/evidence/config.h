/* proof/evidence/config.h - the keys of a stage: criteria, stop criteria, deadline. */
#ifndef PROOF_EVIDENCE_CONFIG_H
#define PROOF_EVIDENCE_CONFIG_H

#include "base/arena.h"
#include "base/config.h"
#include "proof/evidence/gate.h"

struct stage_config {
    bool present;
    int64_t deadline_us;       /* end of that day, UTC; 0: none */
    const char *deadline_text; /* as written */
    struct criterion *criteria, *stops;
    size_t criterion_count, stop_count;
    const struct yaml_node *rollout; /* read by the rollout's room; NULL */
};
enum err_code stage_config_read(const struct yaml_node *n, struct arena *a,
                                struct stage_config *ret, struct err *err) MUST_CHECK;

#endif
