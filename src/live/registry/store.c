/* live/registry/store.c - bound values, and the walk up the migration table.
 *
 * A migration step is never edited once released: a new version is a new step in schema.c. The
 * store runs each step in a transaction of its own together with the new version number, so that a
 * crash leaves the database at a whole version.
 */
#include "live/registry/store.h"
#include <math.h>
#include <string.h>

struct store_value store_text(const char *s)
{
    if (!s) return STORE_NONE;
    return (struct store_value){.type = STORE_TEXT, .bytes = s, .len = strlen(s)};
}

struct store_value store_real(double v)
{
    if (isnan(v)) return STORE_NONE;
    return (struct store_value){.type = STORE_REAL, .f = v};
}

enum err_code store_migrate(struct store *s, struct err *err)
{
    size_t count = 0;
    const struct store_migration *steps = store_migrations(&count);
    int64_t version = 0;
    if (s->ops->version(s, &version, err)) return err->code;
    int64_t newest = steps[count - 1].version;
    if (version < 0 || version > newest) {
        err_set(err, ERR_CORRUPT,
                "the registry has schema version %lld; this cairn knows up to %lld",
                (long long)version, (long long)newest);
        return err_hint(err, "use the newer cairn that wrote it");
    }
    for (size_t i = 0; i < count; i++) {
        if (steps[i].version <= version) continue;
        if (s->ops->migrate(s, steps[i].sql, steps[i].version, err)) return err->code;
    }
    return ERR_OK;
}
