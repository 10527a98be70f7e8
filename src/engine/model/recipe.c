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

static enum err_code recipe_parse(const char *text, json_t **ret, enum precision *ret_precision,
                                  struct err *err)
{
    json_t *doc = NULL;
    enum precision p = PRECISION_FP32;
    if (json_parse(text, strlen(text), &JSON_LIMITS_FILE, &doc, err)) return err->code;
    const json_t *named = json_object_get(doc, "precision");
    if (!json_is_object(doc))
        err_set(err, ERR_BAD_INPUT, "the recipe is not a JSON object");
    else if (named && !json_is_string(named))
        err_set(err, ERR_BAD_INPUT, "the recipe's precision is not a name");
    else if (named && precision_parse(json_string_value(named), &p, err) == ERR_OK &&
             p == PRECISION_AUTO)
        err_set(err, ERR_BAD_INPUT, "the recipe's precision is \"auto\": it names none");
    if (err->code) {
        json_decref(doc);
        return err->code;
    }
    *ret = doc;
    *ret_precision = p;
    return ERR_OK;
}

enum err_code model_set_recipe(struct model *m, const char *json, struct err *err)
{
    json_t *doc = NULL;
    struct buf text;
    enum precision precision;
    if (recipe_parse(json, &doc, &precision, err)) return err->code;
    buf_init(&text, CONFIG_BYTES_MAX);
    json_canonical(doc, &text);
    json_decref(doc);
    if (buf_check(&text, err) == ERR_OK) {
        mem_free(m->recipe);
        m->recipe = buf_take(&text);
        m->precision = precision;
    }
    buf_release(&text);
    return err->code;
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
    struct buf text;
    buf_init(&text, CONFIG_BYTES_MAX);
    json_canonical(recipe, &text);
    json_decref(recipe);
    if (buf_check(&text, err) == ERR_OK) (void)!model_set_recipe(m, text.data, err);
    buf_release(&text);
    return err->code;
}

enum err_code model_precision_of(const char *dir, enum precision *ret, struct err *err)
{
    char path[PATH_BYTES_MAX];
    struct buf text;
    json_t *doc = NULL;
    *ret = PRECISION_FP32;
    if (os_join(path, dir, "cairn.json", err)) return err->code;
    if (!os_exists(path)) return ERR_OK;
    buf_init(&text, CONFIG_BYTES_MAX);
    if (os_read_file(path, CONFIG_BYTES_MAX, &text, err) || recipe_parse(text.data, &doc, ret, err))
        err_detail(err, "in %s", path);
    json_decref(doc);
    buf_release(&text);
    return err->code;
}
