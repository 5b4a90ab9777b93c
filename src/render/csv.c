/* Results as a table: a line of names, then a line for each result, with what a table has room for:
 * the keys that have a column in their rows (measure/measure.h).
 * Fields are quoted as RFC 4180 has it, empty where the result says nothing; a line ends with a
 * line feed alone, which is what tools that read lines expect. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "event/result.h"
#include "measure/measure.h"
#include "render/prose.h"
#include "render/render.h"

/* Calls for each column, in order: those of the keys that every result may have, and in their
 * midst those of each measurement's own. */
typedef void column_taker(void *arg, const struct measure_key *key);

static void walk_own(column_taker *take, void *arg)
{
    for (size_t i = 0; measure_at(i) != NULL; i++) {
        const struct measure_record *r = measure_at(i)->records;
        for (; r != NULL && r->name != NULL; r++) {
            for (const struct measure_key *k = r->keys; k->name != NULL; k++) {
                if (k->column != NULL)
                    take(arg, k);
            }
        }
    }
}

static void walk_columns(column_taker *take, void *arg)
{
    for (const struct measure_key *k = measure_common_keys(); k->name != NULL; k++) {
        if (k->name[0] == '*')
            walk_own(take, arg);
        else if (k->column != NULL)
            take(arg, k);
    }
}

/* What an object has under the name, or the first one of a list of them. */
static const json_t *step_into(const json_t *at, const char *name, size_t n)
{
    char key[32];
    memcpy(key, name, n);
    key[n] = '\0';
    return json_object_get(json_is_array(at) ? json_array_get(at, 0) : at, key);
}

/* What stands at the path, NULL for nothing. `*in` is the object that has or has not its last
 * step. */
static const json_t *value_at(const json_t *fields, const char *path, const json_t **in)
{
    const json_t *at = fields;
    *in = NULL;
    while (at != NULL && *path != '\0') {
        size_t n = strcspn(path, ".");
        *in = at;
        at = step_into(at, path, n);
        path += n + (path[n] == '.');
    }
    if (*path != '\0')
        *in = NULL;
    return at;
}

/* Control characters are escaped, as a table has no way to write them, and what a spreadsheet would
 * take for a formula begins with an apostrophe, which makes it text. */
static void put_quoted(struct text *line, const char *s, size_t n)
{
    struct text safe = {0};
    if (n > 0 && s[0] != '\0' && strchr("=+-@", s[0]) != NULL)
        text_put(&safe, "'", 1);
    prose_safe(&safe, s, n);
    line->failed = line->failed || safe.failed;
    bool plain = safe.len == 0 || strcspn(safe.data, ",\"") == safe.len;
    if (!plain)
        text_put(line, "\"", 1);
    for (size_t i = 0; i < safe.len; i++)
        text_put(line, safe.data[i] == '"' ? "\"\"" : &safe.data[i], safe.data[i] == '"' ? 2 : 1);
    if (!plain)
        text_put(line, "\"", 1);
    text_done(&safe);
}

static void put_value(struct text *line, const json_t *v)
{
    if (json_is_string(v))
        put_quoted(line, json_string_value(v), json_string_length(v));
    else if (json_is_integer(v))
        text_printf(line, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    else if (json_is_real(v))
        text_printf(line, "%.15g", json_real_value(v));
    else if (json_is_boolean(v))
        text_printf(line, "%s", json_is_true(v) ? "true" : "false");
}

/* Of a list its items, with ; between them, of a list of objects the first one's; of what is there
 * or not, which of the two, in an object that is. */
struct row {
    struct text *line;
    const json_t *fields;
};

static void put_field(void *arg, const struct measure_key *key)
{
    const struct row *row = arg;
    const json_t *in;
    const json_t *v = value_at(row->fields, key->name, &in);
    text_put(row->line, ",", 1);
    if (key->type != NULL && strcmp(key->type, "there") == 0) {
        if (json_is_object(in))
            text_printf(row->line, "%s", v != NULL ? "true" : "false");
    } else if (key->type != NULL && key->type[0] == '[') {
        for (size_t i = 0; i < json_array_size(v); i++) {
            text_put(row->line, ";", i != 0);
            put_value(row->line, json_array_get(v, i));
        }
    } else {
        put_value(row->line, v);
    }
}

static void put_name(void *arg, const struct measure_key *key)
{
    text_printf(arg, ",%s", key->column);
}

/* Ends the line, writes it by one call, and releases it. */
static enum status write_line(struct sink *sink, struct text *line, struct fault *fault)
{
    text_put(line, "\n", 1);
    enum status s = prose_write(sink, line, fault);
    text_done(line);
    return s;
}

static enum status open_csv(struct sink *sink, const struct run_info *run, struct fault *fault)
{
    struct text line = {0};
    (void)run;
    text_printf(&line, "session");
    walk_columns(put_name, &line);
    return write_line(sink, &line, fault);
}

/* A result is text: it is read back, for its columns are in an order of their own. */
static enum status take_event(struct sink *sink, const struct event *e, struct fault *fault)
{
    struct text line = {0}, json = {0};
    if (e->kind != EVENT_VERDICT)
        return STATUS_OK;
    text_printf(&json, "{%s}", e->result->json.len != 0 ? e->result->json.data : "");
    json_t *fields = json.failed ? NULL : json_loadb(json.data, json.len, 0, NULL);
    text_done(&json);
    text_printf(&line, "%u", e->session);
    walk_columns(put_field, &(struct row){&line, fields});
    line.failed = line.failed || fields == NULL || e->result->json.failed;
    json_decref(fields);
    return write_line(sink, &line, fault);
}

static void free_csv(struct sink *sink)
{
    free(sink);
}

struct sink *csv_new(struct writer out)
{
    static const struct sink_ops ops = {
        .name = "csv", .streams = true, .open = open_csv, .event = take_event, .free = free_csv};
    struct sink *s = calloc(1, sizeof(*s));
    if (s != NULL)
        *s = (struct sink){.ops = &ops, .out = out};
    return s;
}
