/* A database that somebody else wrote: wrong values in every column, cut short, bits flipped, of
 * another program. The answer is an error, never a crash and never a wild value.
 */
#include "base/rng.h"
#include "base/str.h"
#include "read_all.h"
#include "registry_fixture.h"
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <string.h>

static void sql(const char *path, const char *text)
{
    sqlite3 *db = NULL;
    char *why = NULL;
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    int rc = sqlite3_exec(db, text, NULL, NULL, &why);
    cr_assert_eq(rc, SQLITE_OK, "%s: %s", text, why);
    sqlite3_close(db);
}

static const char *db_path(struct fixture *f)
{
    return test_folder_path(&f->folder, "registry.db");
}

/* The fixture's registry, filled, without constraints that would keep bad values out. */
static void open_lax(struct fixture *f)
{
    fixture_open(f);
    fixture_fill(f);
    cr_assert_eq(read_all(f->r), ERR_OK);
    registry_close(f->r);
    f->r = NULL;
    sql(db_path(f), "PRAGMA writable_schema = ON;"
                    "UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '');"
                    "UPDATE sqlite_schema SET sql = replace(sql, ' BIGINT', '');"
                    "UPDATE sqlite_schema SET sql = replace(sql, ' DOUBLE PRECISION', '');"
                    "UPDATE sqlite_schema SET sql = replace(sql, ' TEXT', '');"
                    "UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (', 'CHECK (1 OR ');");
}

static enum err_code open_and_read(struct fixture *f)
{
    struct registry *r = NULL;
    struct registry_options o = fixture_options(f);
    struct err err = {0};
    enum err_code code = registry_open(&o, &r, &err);
    if (code) return code;
    code = read_all(r);
    registry_close(r);
    return code;
}

static const char *const bad_values[] = {
    "NULL",
    "''",
    "-1",
    "1e308",
    "9223372036854775807",
    "zeroblob(70)",
    "CAST(x'ff' AS TEXT)",
    "CAST(x'6100' AS TEXT)",
    "replace(hex(zeroblob(3000000)), '0', 'a')",
    "'zz'",
};

static const char *const columns[] = {
    "meta.value",
    "models.digest",
    "models.manifest",
    "models.bytes",
    "models.run",
    "models.parent",
    "models.origin",
    "models.note",
    "models.at",
    "runs.id",
    "runs.kind",
    "runs.state",
    "runs.config",
    "runs.base",
    "runs.train_data",
    "runs.dev_data",
    "runs.precision",
    "runs.cpu",
    "runs.seed",
    "runs.threads",
    "runs.model",
    "runs.metrics",
    "runs.why",
    "runs.started",
    "runs.ended",
    "splits.name",
    "splits.part",
    "splits.fingerprint",
    "splits.blob",
    "splits.origin",
    "splits.examples",
    "splits.group_count",
    "splits.spans",
    "splits.at",
    "evidence.seq",
    "evidence.digest",
    "evidence.previous",
    "evidence.kind",
    "evidence.how",
    "evidence.stage",
    "evidence.model",
    "evidence.at",
    "evidence.record",
    "stages.stage",
    "stages.digest",
    "stages.criteria",
    "stages.deadline",
    "stages.at",
    "gates.seq",
    "gates.stage",
    "gates.model",
    "gates.precision",
    "gates.data",
    "gates.criteria",
    "gates.verdict",
    "gates.evidence",
    "gates.at",
    "promotions.seq",
    "promotions.action",
    "promotions.model",
    "promotions.precision",
    "promotions.previous",
    "promotions.stage",
    "promotions.gate",
    "promotions.why",
    "promotions.by_whom",
    "promotions.override_gate",
    "promotions.in_force",
    "promotions.below",
    "promotions.evidence",
    "promotions.at",
    "candidates.model",
    "predictions.id",
    "predictions.role",
    "predictions.at",
    "predictions.model",
    "predictions.text_hash",
    "predictions.text",
    "predictions.entities",
    "predictions.label_counts",
    "predictions.confidence_mean",
    "predictions.confidence_min",
    "predictions.latency_us",
    "predictions.token_count",
    "predictions.unknown_count",
    "feedback.id",
    "feedback.prediction",
    "feedback.verdict",
    "feedback.state",
    "feedback.spans",
    "feedback.text",
    "feedback.complete",
    "feedback.simulated",
    "feedback.by_whom",
    "feedback.group_key",
    "feedback.at",
    "feedback.reviewed_by",
    "feedback.review_note",
    "feedback.reviewed_at",
};

static void try_column(struct fixture *f, const char *column, int refused[2])
{
    char table[32], text[400];
    const char *dot = strchr(column, '.');
    cr_assert(str_format(table, sizeof table, "%.*s", (int)(dot - column), column));
    sqlite3 *db = NULL;
    cr_assert_eq(sqlite3_open(db_path(f), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL), SQLITE_OK);
    cr_assert(str_format(text, sizeof text,
                         "CREATE TABLE keep AS SELECT rowid AS r, %s AS v FROM %s", dot + 1,
                         table));
    cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK, "%s", text);
    for (size_t i = 0; i < ARRAY_COUNT(bad_values); i++) {
        cr_assert(str_format(text, sizeof text,
                             "UPDATE %s SET %s = %s WHERE rowid = (SELECT max(rowid) FROM %s)",
                             table, dot + 1, bad_values[i], table));
        if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) continue; /* UNIQUE */
        enum err_code code = open_and_read(f);
        cr_assert(code == ERR_OK || code == ERR_CORRUPT, "%s = %s: %s", column, bad_values[i],
                  err_name(code));
        refused[code == ERR_CORRUPT]++;
        cr_assert(str_format(text, sizeof text,
                             "UPDATE %s SET %s = (SELECT v FROM keep WHERE r = %s.rowid)", table,
                             dot + 1, table));
        cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    }
    cr_assert_eq(sqlite3_exec(db, "DROP TABLE keep", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* Columns that readers compare before they read: a row with a bad value there is not seen. */
static bool is_filter(const char *column)
{
    static const char *const filters[] = {"predictions.role", "predictions.at", "feedback.at",
                                          "feedback.prediction"};
    for (size_t i = 0; i < ARRAY_COUNT(filters); i++)
        if (str_eq(column, filters[i])) return true;
    return false;
}

Test(hostile, wrong_values_in_every_column, .timeout = 300)
{
    struct fixture f;
    open_lax(&f);
    for (size_t c = 0; c < ARRAY_COUNT(columns); c++) {
        int refused[2] = {0, 0};
        try_column(&f, columns[c], refused);
        if (is_filter(columns[c])) continue;
        cr_assert_gt(refused[1], 0, "no value was refused in %s", columns[c]);
    }
    cr_assert_eq(open_and_read(&f), ERR_OK, "the values were put back");
    fixture_close(&f);
}

static struct buf read_db(struct fixture *f)
{
    struct buf b;
    buf_init(&b, 64u << 20);
    OK(os_read_file(db_path(f), 64u << 20, &b, &err));
    return b;
}

Test(hostile, cut_short_at_many_lengths, .timeout = 300)
{
    struct fixture f;
    fixture_open(&f);
    fixture_fill(&f);
    registry_close(f.r);
    f.r = NULL;
    struct buf b = read_db(&f);
    int failed = 0;
    for (size_t len = 1; len < b.len; len += len < 200 ? 7 : 1777) {
        OK(os_write_atomic(db_path(&f), b.data, len, &err));
        enum err_code code = open_and_read(&f);
        cr_assert(code == ERR_OK || code == ERR_CORRUPT || code == ERR_IO, "%zu bytes: %s", len,
                  err_name(code));
        failed += code != ERR_OK;
    }
    cr_assert_gt(failed, 20);
    buf_release(&b);
    fixture_close(&f);
}

Test(hostile, flipped_bytes, .timeout = 300)
{
    struct fixture f;
    struct rng rng;
    fixture_open(&f);
    fixture_fill(&f);
    registry_close(f.r);
    f.r = NULL;
    struct buf b = read_db(&f);
    rng_init(&rng, 7, RNG_SAMPLE, 0);
    for (int i = 0; i < 400; i++) {
        size_t at =
            rng_below(&rng, (uint32_t)(i % 2 ? 4096 : b.len)); /* the schema, half the time */
        char kept = b.data[at];
        b.data[at] = (char)rng_u32(&rng);
        OK(os_write_atomic(db_path(&f), b.data, b.len, &err));
        enum err_code code = open_and_read(&f); /* any error, but no crash and no endless loop */
        (void)code;
        b.data[at] = kept;
    }
    OK(os_write_atomic(db_path(&f), b.data, b.len, &err));
    cr_assert_eq(open_and_read(&f), ERR_OK);
    buf_release(&b);
    fixture_close(&f);
}

static enum err_code open_with(const char *statement, const char *bytes)
{
    struct fixture f;
    fixture_open(&f);
    registry_close(f.r);
    f.r = NULL;
    if (statement) sql(db_path(&f), statement);
    if (bytes) OK(os_write_atomic(db_path(&f), bytes, strlen(bytes), &err));
    enum err_code code = open_and_read(&f);
    fixture_close(&f);
    return code;
}

Test(hostile, other_files)
{
    cr_assert_eq(open_with(NULL, "this is not a database, but a letter of some length"),
                 ERR_CORRUPT);
    cr_assert_eq(open_with("PRAGMA user_version = 99", NULL), ERR_CORRUPT);
    cr_assert_eq(open_with("PRAGMA user_version = -1", NULL), ERR_CORRUPT);
    cr_assert_eq(open_with("PRAGMA user_version = 0", NULL), ERR_CORRUPT);
    cr_assert_eq(open_with("PRAGMA application_id = 5", NULL), ERR_CORRUPT);
    cr_assert_eq(open_with("DROP TABLE promotions", NULL), ERR_CORRUPT);
    cr_assert_eq(
        open_with("CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM meta; END", NULL),
        ERR_CORRUPT);
    cr_assert_eq(open_with("DROP TABLE runs; CREATE VIEW runs AS SELECT 1", NULL), ERR_CORRUPT);
    cr_assert_eq(open_with("DELETE FROM meta", NULL), ERR_OK, "a secret is made again");
}

Test(hostile, a_full_check_names_damage)
{
    struct fixture f;
    fixture_open(&f);
    fixture_fill(&f);
    OK(registry_check(f.r, &err));
    registry_close(f.r);
    f.r = NULL;
    sql(db_path(&f), "PRAGMA foreign_keys = OFF; DELETE FROM models");
    struct registry_options o = fixture_options(&f);
    OK(registry_open(&o, &f.r, &err));
    FAILS(registry_check(f.r, &err), ERR_CORRUPT);
    fixture_close(&f);
}
