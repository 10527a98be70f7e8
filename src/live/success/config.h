/* live/success/config.h - the keys of `value:`: what an answer is worth, in the customer's own
 * figures. */
#ifndef LIVE_SUCCESS_CONFIG_H
#define LIVE_SUCCESS_CONFIG_H

#include "base/config.h"

struct value_config {
    bool present;
    const char *currency;           /* "EUR" */
    double items_per_month;         /* how many the customer has; 0: unknown */
    double manual_minutes_per_item; /* without cairn */
    double review_minutes_per_item; /* with cairn: reading and accepting an answer */
    double hourly_wage;
    double cost_per_error; /* of an answer that was wrong */
    double run_cost_per_month;
    double one_off_cost; /* of the project: for payback */
};
struct value_config value_config_default(void);
enum err_code value_config_read(const struct yaml_node *n, struct value_config *ret,
                                struct err *err) MUST_CHECK;

#endif
