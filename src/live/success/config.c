/* live/success/config.c - amounts are in value.currency, times in minutes; nothing is negative. */
#include "live/success/config.h"
#include "base/str.h"
#include <stddef.h>

#define AMOUNT_MAX 1e12
#define AT(field)  offsetof(struct value_config, field)
static const struct config_key keys[] = {
    {"currency", CONFIG_STRING, AT(currency), 0, 0, NULL},
    {"items_per_month", CONFIG_REAL, AT(items_per_month), 0, AMOUNT_MAX, NULL},
    {"manual_minutes_per_item", CONFIG_REAL, AT(manual_minutes_per_item), 0, 1e6, NULL},
    {"review_minutes_per_item", CONFIG_REAL, AT(review_minutes_per_item), 0, 1e6, NULL},
    {"hourly_wage", CONFIG_REAL, AT(hourly_wage), 0, AMOUNT_MAX, NULL},
    {"cost_per_error", CONFIG_REAL, AT(cost_per_error), 0, AMOUNT_MAX, NULL},
    {"run_cost_per_month", CONFIG_REAL, AT(run_cost_per_month), 0, AMOUNT_MAX, NULL},
    {"one_off_cost", CONFIG_REAL, AT(one_off_cost), 0, AMOUNT_MAX, NULL},
};

struct value_config value_config_default(void)
{
    return (struct value_config){.currency = "EUR", .review_minutes_per_item = 0.5};
}

enum err_code value_config_read(const struct yaml_node *n, struct value_config *ret,
                                struct err *err)
{
    if (config_read(n, keys, ARRAY_COUNT(keys), ret, err)) return err->code;
    ret->present = true;
    return ERR_OK;
}
