/* live/registry/schema.c - the tables, as the steps that lead to them.
 *
 * One schema for every store: TEXT, BIGINT, DOUBLE PRECISION; constraints say what a row may be,
 * foreign keys what it may speak of, and readers (rows.c) check both again, because the file may
 * come from anywhere. `use_case` stands in every table, so that one database can serve several.
 * docs/formats/registry.md explains each column.
 */
#include "base/str.h"
#include "live/registry/store.h"

static const char version_1[] =
    "CREATE TABLE meta ("
    " key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);"

    "CREATE TABLE models ("
    " digest TEXT NOT NULL PRIMARY KEY, manifest TEXT NOT NULL, bytes BIGINT NOT NULL,"
    " run TEXT, parent TEXT, origin TEXT NOT NULL, note TEXT, at BIGINT NOT NULL);"

    "CREATE TABLE runs ("
    " id TEXT NOT NULL PRIMARY KEY, use_case TEXT NOT NULL, kind TEXT NOT NULL,"
    " state TEXT NOT NULL CHECK (state IN ('running','done','failed','interrupted')),"
    " config TEXT NOT NULL, base TEXT, train_data TEXT NOT NULL, dev_data TEXT,"
    " \"precision\" TEXT NOT NULL, cpu TEXT NOT NULL, seed BIGINT NOT NULL, threads BIGINT NOT "
    "NULL,"
    " model TEXT REFERENCES models (digest), metrics TEXT, why TEXT,"
    " started BIGINT NOT NULL, ended BIGINT);"
    "CREATE INDEX runs_started ON runs (use_case, started);"

    "CREATE TABLE splits ("
    " use_case TEXT NOT NULL, name TEXT NOT NULL, part TEXT NOT NULL, fingerprint TEXT NOT NULL,"
    " blob TEXT NOT NULL, origin TEXT, examples BIGINT NOT NULL, group_count BIGINT NOT NULL,"
    " spans BIGINT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (use_case, name, part));"

    "CREATE TABLE evidence ("
    " use_case TEXT NOT NULL, seq BIGINT NOT NULL, digest TEXT NOT NULL, previous TEXT NOT NULL,"
    " kind TEXT NOT NULL, how TEXT NOT NULL, stage TEXT, model TEXT, at BIGINT NOT NULL,"
    " record TEXT NOT NULL, PRIMARY KEY (use_case, seq), UNIQUE (use_case, digest),"
    " UNIQUE (use_case, previous));"

    "CREATE TABLE stages ("
    " use_case TEXT NOT NULL, seq BIGINT NOT NULL, stage TEXT NOT NULL, digest TEXT NOT NULL,"
    " criteria TEXT NOT NULL, deadline BIGINT NOT NULL, at BIGINT NOT NULL,"
    " PRIMARY KEY (use_case, seq));"

    "CREATE TABLE gates ("
    " use_case TEXT NOT NULL, seq BIGINT NOT NULL, stage TEXT NOT NULL,"
    " model TEXT NOT NULL REFERENCES models (digest), \"precision\" TEXT NOT NULL, data TEXT,"
    " criteria TEXT NOT NULL, verdict TEXT NOT NULL CHECK (verdict IN ('PASS','FAIL','STOP')),"
    " evidence TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (use_case, seq),"
    " FOREIGN KEY (use_case, evidence) REFERENCES evidence (use_case, digest));"

    "CREATE TABLE promotions ("
    " use_case TEXT NOT NULL, seq BIGINT NOT NULL,"
    " action TEXT NOT NULL CHECK (action IN ('promote','rollback')),"
    " model TEXT NOT NULL REFERENCES models (digest), \"precision\" TEXT NOT NULL, previous TEXT,"
    " stage TEXT, gate TEXT, why TEXT, by_whom TEXT, override_gate BIGINT NOT NULL,"
    " in_force BIGINT NOT NULL, below BIGINT, evidence TEXT NOT NULL, at BIGINT NOT NULL,"
    " PRIMARY KEY (use_case, seq),"
    " FOREIGN KEY (use_case, in_force) REFERENCES promotions (use_case, seq),"
    " FOREIGN KEY (use_case, below) REFERENCES promotions (use_case, seq),"
    " FOREIGN KEY (use_case, gate) REFERENCES evidence (use_case, digest),"
    " FOREIGN KEY (use_case, evidence) REFERENCES evidence (use_case, digest));"

    "CREATE TABLE candidates ("
    " use_case TEXT NOT NULL PRIMARY KEY, model TEXT NOT NULL REFERENCES models (digest),"
    " at BIGINT NOT NULL);"

    "CREATE TABLE predictions ("
    " id TEXT NOT NULL PRIMARY KEY, use_case TEXT NOT NULL,"
    " role TEXT NOT NULL CHECK (role IN ('live','reference')), at BIGINT NOT NULL,"
    " model TEXT NOT NULL REFERENCES models (digest), text_hash TEXT NOT NULL, text TEXT,"
    " entities TEXT NOT NULL, label_counts TEXT NOT NULL, confidence_mean DOUBLE PRECISION,"
    " confidence_min DOUBLE PRECISION, latency_us BIGINT NOT NULL, token_count BIGINT NOT NULL,"
    " unknown_count BIGINT NOT NULL);"
    "CREATE INDEX predictions_at ON predictions (use_case, role, at);"

    "CREATE TABLE feedback ("
    " id TEXT NOT NULL PRIMARY KEY, use_case TEXT NOT NULL, seq BIGINT NOT NULL,"
    " prediction TEXT NOT NULL REFERENCES predictions (id),"
    " verdict TEXT NOT NULL CHECK (verdict IN ('accept','correct','reject')),"
    " state TEXT NOT NULL CHECK (state IN ('pending','accepted','refused','superseded')),"
    " spans TEXT, text TEXT, complete BIGINT NOT NULL, simulated BIGINT NOT NULL,"
    " by_whom TEXT NOT NULL, group_key TEXT NOT NULL, at BIGINT NOT NULL, reviewed_by TEXT,"
    " review_note TEXT, reviewed_at BIGINT, UNIQUE (use_case, seq));"
    "CREATE INDEX feedback_prediction ON feedback (prediction);";

static const struct store_migration migrations[] = {
    {1, version_1},
};

const struct store_migration *store_migrations(size_t *ret_count)
{
    *ret_count = ARRAY_COUNT(migrations);
    return migrations;
}
