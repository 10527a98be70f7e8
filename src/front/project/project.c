/* front/project/project.c - the sections are read by the rooms that own them; here they are put
 * together, and what only makes sense across sections is checked. */
#include "front/project/project.h"
#include "base/str.h"
#include <stddef.h>
#include <string.h>

const char *const STAGE_NAMES[] = {"poc", "mvp", "production", NULL};

struct raw_project {
    const char *name, *task, *goal, *owner, *model;
    const struct yaml_node *data, *train, *value, *feedback, *stages;
};
#define AT(field) offsetof(struct raw_project, field)
static const struct config_key project_keys[] = {
    {"name", CONFIG_STRING, AT(name), 0, 0, NULL},
    {"task", CONFIG_STRING, AT(task), 0, 0, NULL},
    {"goal", CONFIG_STRING, AT(goal), 0, 0, NULL},
    {"owner", CONFIG_STRING, AT(owner), 0, 0, NULL},
    {"model", CONFIG_STRING, AT(model), 0, 0, NULL},
    {"data", CONFIG_NODE, AT(data), 0, 0, NULL},
    {"train", CONFIG_NODE, AT(train), 0, 0, NULL},
    {"value", CONFIG_NODE, AT(value), 0, 0, NULL},
    {"feedback", CONFIG_NODE, AT(feedback), 0, 0, NULL},
    {"stages", CONFIG_NODE, AT(stages), 0, 0, NULL},
};
static const struct config_key stage_keys[] = {
    {"poc", CONFIG_NODE, 0 * sizeof(void *), 0, 0, NULL},
    {"mvp", CONFIG_NODE, 1 * sizeof(void *), 0, 0, NULL},
    {"production", CONFIG_NODE, 2 * sizeof(void *), 0, 0, NULL},
};

static enum err_code read_stages(struct project *p, const struct yaml_node *n, struct err *err)
{
    const struct yaml_node *stage[STAGE_COUNT] = {0};
    if (config_read(n, stage_keys, STAGE_COUNT, stage, err)) return err->code;
    for (int s = 0; s < STAGE_COUNT; s++) {
        if (stage[s] && stage_config_read(stage[s], &p->arena, &p->stages[s], err))
            return err->code;
    }
    return ERR_OK;
}

static enum err_code need(const struct project *p, const char *key, const char *value,
                          struct err *err)
{
    if (value) return ERR_OK;
    return yaml_error(yaml_root(p->yaml), err, "%s: is missing", key);
}

static enum err_code read_project(struct project *p, struct err *err)
{
    const struct yaml_node *root = yaml_root(p->yaml);
    struct raw_project raw = {0};
    if (config_read(root, project_keys, ARRAY_COUNT(project_keys), &raw, err)) return err->code;
    if (need(p, "name", raw.name, err) || need(p, "task", raw.task, err)) return err->code;
    if (need(p, "model", raw.model, err)) return err->code;
    if (!str_eq(raw.task, "token-classification")) {
        yaml_error(yaml_get(root, "task"), err, "task \"%s\" is not one that cairn does", raw.task);
        return err_hint(err, "task: token-classification");
    }
    if (!raw.data) return need(p, "data", NULL, err);
    p->name = raw.name;
    p->task = raw.task;
    p->goal = raw.goal;
    p->owner = raw.owner;
    p->model = raw.model;
    p->train = train_config_default();
    p->value = value_config_default();
    p->feedback = feedback_config_default();
    if (data_config_read(raw.data, &p->data, err)) return err->code;
    if (raw.train && train_config_read(raw.train, &p->train, err)) return err->code;
    if (raw.value && value_config_read(raw.value, &p->value, err)) return err->code;
    if (raw.feedback && feedback_config_read(raw.feedback, &p->feedback, err)) return err->code;
    return raw.stages ? read_stages(p, raw.stages, err) : ERR_OK;
}

enum err_code project_open(const char *root, struct project **ret, struct err *err)
{
    struct project *p = mem_try(1, sizeof *p, err);
    if (!p) return err->code;
    arena_init(&p->arena, 16u << 20);
    char file[PATH_BYTES_MAX];
    if (os_absolute(root, p->root, err)) goto out;
    if (os_join(p->state, p->root, PROJECT_STATE, err)) goto out;
    if (os_join(file, p->root, PROJECT_FILE, err)) goto out;
    if (yaml_load(file, &p->yaml, err) || read_project(p, err)) goto out;
    *ret = p;
    return ERR_OK;
out:
    project_free(p);
    return err->code;
}

enum err_code project_find(const char *start, struct project **ret, struct err *err)
{
    char folder[PATH_BYTES_MAX], file[PATH_BYTES_MAX];
    if (os_absolute(start, folder, err)) return err->code;
    for (;;) {
        if (os_join(file, folder, PROJECT_FILE, err)) return err->code;
        if (os_exists(file)) return project_open(folder, ret, err);
        char *slash = strrchr(folder, '/');
        if (!slash || slash == folder) break;
        *slash = '\0';
    }
    err_set(err, ERR_NOT_FOUND, "no %s here or in a folder above", PROJECT_FILE);
    return err_hint(err,
                    "cairn init NAME --template clinical-ner   makes a use case to start from");
}

void project_free(struct project *p)
{
    if (!p) return;
    yaml_free(p->yaml);
    arena_release(&p->arena);
    mem_free(p);
}

enum err_code project_path(const struct project *p, const char *path, char out[PATH_BYTES_MAX],
                           struct err *err)
{
    if (path[0] == '/') {
        if (str_format(out, PATH_BYTES_MAX, "%s", path)) return ERR_OK;
        return err_set(err, ERR_LIMIT, "a path is longer than %d bytes", PATH_BYTES_MAX);
    }
    return os_join(out, p->root, path, err);
}

enum err_code stage_parse(const char *name, enum stage *ret, struct err *err)
{
    for (int s = 0; s < STAGE_COUNT; s++) {
        if (!str_eq(name, STAGE_NAMES[s])) continue;
        *ret = (enum stage)s;
        return ERR_OK;
    }
    err_set(err, ERR_BAD_INPUT, "there is no stage \"%s\"", name);
    return err_hint(err, "the stages are poc, mvp and production");
}
