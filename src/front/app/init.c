/* front/app/init.c - cairn init: a use case folder from a template that the program carries inside.
 * The template's cairn.yaml is copied but for its name and the deadline of poc, which is today and
 * 90 days; a person's folder is never written into twice. */
#include "base/embed.h"
#include "base/str.h"
#include "front/app/app_internal.h"
#include <string.h>

#define DEADLINE_DAYS 90
#define DAY_US        (24 * 3600 * INT64_C(1000000))

extern const struct embedded_file TEMPLATE_FILES[]; /* "clinical-ner/cairn.yaml", ... */

static const char empty_template[] =
    "# What this use case is, and what it must reach. cairn reads this file and never rewrites "
    "it.\n"
    "name: NAME\n"
    "task: token-classification\n"
    "goal: say in one sentence who saves what\n"
    "owner: who answers for it\n"
    "model: minilm-l6            # or a Hugging Face directory\n"
    "data:\n"
    "  source: data/examples.jsonl  # {\"text\", \"spans\": [{\"start\", \"end\", \"label\"}]} a "
    "line, or CoNLL\n"
    "  split: {train: 0.8, dev: 0.1, test: 0.1, seed: 7}\n"
    "train: {epochs: 3, batch_size: 16, learning_rate: 1.0e-4, seed: 1}\n"
    "stages:\n"
    "  poc:\n"
    "    deadline: DEADLINE\n"
    "    criteria:\n"
    "      - {metric: entity_f1, at_least: 0.80}\n"
    "    stop_if:\n"
    "      - {metric: entity_f1, below: 0.60}\n";

static enum err_code list_templates(json_t **ret)
{
    json_t *list = json_array();
    for (const struct embedded_file *f = TEMPLATE_FILES; f->name; f++) {
        const char *slash = strchr(f->name, '/');
        if (slash && str_eq(slash, "/" PROJECT_FILE))
            json_array_append_new(list, json_stringn(f->name, (size_t)(slash - f->name)));
    }
    *ret = json_pack("{s:s, s:o}", "schema", "cairn.init/v1", "templates", list);
    return ERR_OK;
}

/* Copies yaml, with `name:` and the first `deadline:` set. Lines are otherwise as they are. */
static void fill(const char *yaml, const char *name, struct buf *out)
{
    char day[32];
    bool dated = false;
    os_time_text(os_now_us() + DEADLINE_DAYS * DAY_US, day);
    day[10] = '\0';
    for (const char *line = yaml; *line;) {
        const char *end = strchr(line, '\n');
        size_t len = end ? (size_t)(end - line) + 1 : strlen(line);
        const char *text = line + strspn(line, " ");
        if (str_starts(line, "name:")) {
            buf_addf(out, "name: %s\n", name);
        } else if (!dated && str_starts(text, "deadline:")) {
            buf_add(out, line, (size_t)(text - line));
            buf_addf(out, "deadline: %s\n", day);
            dated = true;
        } else {
            buf_add(out, line, len);
        }
        line += len;
    }
}

static enum err_code write_file(const char *folder, const char *name, const void *bytes, size_t len,
                                struct err *err)
{
    char path[PATH_BYTES_MAX], parent[PATH_BYTES_MAX];
    if (os_join(path, folder, name, err)) return err->code;
    memcpy(parent, path, sizeof parent);
    *strrchr(parent, '/') = '\0';
    if (os_mkdirs(parent, err)) return err->code;
    return os_write_atomic(path, bytes, len, err);
}

static enum err_code write_yaml(const char *folder, const char *name, const char *yaml,
                                struct err *err)
{
    struct buf text;
    buf_init(&text, 1u << 20);
    fill(yaml, name, &text);
    enum err_code code = buf_check(&text, err);
    if (!code) code = write_file(folder, PROJECT_FILE, text.data, text.len, err);
    buf_release(&text);
    return code;
}

/* cairn.yaml comes last: a folder that holds it is whole. */
static enum err_code write_template(const struct init_request *r, const char *name, json_t *files,
                                    struct err *err)
{
    size_t prefix = strlen(r->template_name);
    const char *yaml = NULL;
    for (const struct embedded_file *f = TEMPLATE_FILES; f->name; f++) {
        if (!str_starts(f->name, r->template_name) || f->name[prefix] != '/') continue;
        const char *inner = f->name + prefix + 1;
        json_array_append_new(files, json_string(inner));
        if (str_eq(inner, PROJECT_FILE))
            yaml = (const char *)f->data;
        else if (write_file(r->folder, inner, f->data, f->len, err))
            return err->code;
    }
    if (yaml) return write_yaml(r->folder, name, yaml, err);
    err_set(err, ERR_NOT_FOUND, "there is no template \"%s\"", r->template_name);
    return err_hint(err, "cairn init --list names them");
}

static bool good_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len < REGISTRY_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len;
}

enum err_code app_init(const struct init_request *r, json_t **ret, struct err *err)
{
    static const char ignore[] = PROJECT_STATE "/\n";
    char path[PATH_BYTES_MAX];
    if (r->list) return list_templates(ret);
    const char *slash = strrchr(r->folder, '/');
    const char *name = slash ? slash + 1 : r->folder;
    if (!good_name(name)) {
        err_set(err, ERR_BAD_INPUT, "\"%s\" cannot be the name of a use case", name);
        return err_hint(err, "letters, digits, '-', '_' and '.'");
    }
    if (os_join(path, r->folder, PROJECT_FILE, err)) return err->code;
    if (os_exists(path)) return err_set(err, ERR_CONFLICT, "%s is there already", path);
    if (os_mkdirs(r->folder, err)) return err->code;
    json_t *files = json_array();
    if (r->template_name)
        (void)!write_template(r, name, files, err);
    else
        (void)!write_yaml(r->folder, name, empty_template, err);
    if (!err->code && write_file(r->folder, ".gitignore", ignore, sizeof ignore - 1, err) == ERR_OK)
        *ret = json_pack("{s:s, s:s, s:s, s:s?, s:O}", "schema", "cairn.init/v1", "folder",
                         r->folder, "name", name, "template", r->template_name, "files", files);
    json_decref(files);
    return err->code;
}
