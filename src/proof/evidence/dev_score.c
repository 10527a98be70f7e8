/* proof/evidence/dev_score.c - entity precision, recall and F1 alone: what a training run asks
 * after every epoch, without intervals. Counts are those of evaluate(). */
#include "proof/evidence/evidence_internal.h"

enum err_code evaluate_prf(const struct token_data *data, const struct tag_prediction *p,
                           struct prf *ret, struct err *err)
{
    struct entity_lists lists;
    int64_t right = 0, predicted = 0, gold = 0;
    entity_lists_init(&lists);
    enum err_code code = ERR_OK;
    for (int32_t i = 0; i < data->count && code == ERR_OK; i++) {
        const struct token_example *te = &data->examples[i];
        code = entity_lists_set(&lists, te, &p[i], false, err);
        if (code) break;
        for (int32_t k = 0; k < lists.predicted_count; k++) right += lists.predicted_right[k];
        predicted += lists.predicted_count;
        gold += lists.gold_count + te->lost_count;
    }
    entity_lists_release(&lists);
    if (code == ERR_OK) *ret = prf_of(right, predicted, gold);
    return code;
}
