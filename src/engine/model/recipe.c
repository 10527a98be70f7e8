/* engine/model/recipe.c - how a model came to be, and what it answers in: cairn.json.
 *
 * The engine keeps the recipe as canonical JSON and reads one key of it, "precision"; what else is
 * in it belongs to whoever trained the model.
 */
#include "base/arena.h"
#include "base/json.h"
#include "base/os.h"
#include "base/str.h"
#include "engine/model/model.h"
#include <string.h>

static enum err_code precision_read(const json_t *recipe, enum precision *ret, struct err *err)
{
    const json_t *named = json_object_get(recipe, "precision");
    enum precision p = PRECISION_FP32;
    if (!json_is_object(recipe))
        return err_set(err, ERR_BAD_INPUT, "the recipe is not a JSON object");
    if (named && !json_is_string(named))
        return err_set(err, ERR_BAD_INPUT, "the recipe's precision is not a name");
    if (named && precision_parse(json_string_value(named), &p, err)) return err->code;
    if (p == PRECISION_AUTO)
        return err_set(err, ERR_BAD_INPUT, "the recipe's precision is \"auto\": it names none");
    *ret = p;
    return ERR_OK;
}

/* Takes the reference. */
static enum err_code recipe_take(struct model *m, json_t *recipe, struct err *err)
{
    struct buf text;
    enum precision precision;
    buf_init(&text, CONFIG_BYTES_MAX);
    enum err_code code = precision_read(recipe, &precision, err);
    if (!code) json_canonical(recipe, &text);
    if (!code) code = buf_check(&text, err);
    if (!code) {
        mem_free(m->recipe);
        m->recipe = buf_take(&text);
        m->precision = precision;
    }
    buf_release(&text);
    json_decref(recipe);
    return code;
}

enum err_code model_set_recipe(struct model *m, const char *json, struct err *err)
{
    json_t *recipe = NULL;
    if (json_parse(json, strlen(json), &JSON_LIMITS_FILE, &recipe, err)) return err->code;
    return recipe_take(m, recipe, err);
}

enum err_code model_set_precision(struct model *m, enum precision precision, struct err *err)
{
    BUG_IF(precision == PRECISION_AUTO);
    json_t *recipe = m->recipe ? json_loads(m->recipe, 0, NULL)
                               : json_pack("{s:s}", "schema", "cairn.recipe/v1");
    if (precision == PRECISION_FP32)
        json_object_del(recipe, "precision");
    else
        json_object_set_new(recipe, "precision", json_string(PRECISION_NAMES[precision]));
    return recipe_take(m, recipe, err);
}

enum err_code model_precision_of(const char *dir, enum precision *ret, struct err *err)
{
    char path[PATH_BYTES_MAX];
    struct buf text;
    json_t *recipe = NULL;
    enum precision p = PRECISION_FP32;
    if (os_join(path, dir, "cairn.json", err)) return err->code;
    buf_init(&text, CONFIG_BYTES_MAX);
    enum err_code code = ERR_OK;
    if (os_exists(path)) {
        code = os_read_file(path, CONFIG_BYTES_MAX, &text, err);
        if (!code) code = json_parse(text.data, text.len, &JSON_LIMITS_FILE, &recipe, err);
        if (!code) code = precision_read(recipe, &p, err);
        if (code) err_detail(err, "in %s", path);
    }
    json_decref(recipe);
    buf_release(&text);
    if (!code) *ret = p;
    return code;
}
