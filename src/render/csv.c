/* Results as a table: a line of names, then a line for each result, with what a table has room for.
 * Fields are quoted as RFC 4180 has it, empty where the result says nothing; a line ends with a
 * line feed alone, which is what tools that read lines expect. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "render/prose.h"
#include "render/render.h"

struct csv {
    struct sink sink;
};

/* How a field is made of what stands at its path. */
enum csv_kind {
    CSV_VALUE,    /* a number, a word, true or false */
    CSV_LIST,     /* its items, with ; between them */
    CSV_PRESENCE, /* true if it is there at all, in an object that is */
};

/* Of a path "a.b" or "a.0.b": object keys and the places in an array. */
static const struct {
    const char *name, *path;
    enum csv_kind kind;
} columns[] = {
    {"target", "target", CSV_VALUE},
    {"name", "name", CSV_VALUE},
    {"outcome", "outcome", CSV_VALUE},
    {"rtt_us", "rtt_us", CSV_VALUE},
    {"rtt_slack_us", "rtt_slack_us", CSV_VALUE},
    {"retransmissions", "retransmissions", CSV_VALUE},
    {"gaps_us", "gaps_us", CSV_LIST},
    {"end", "end", CSV_VALUE},
    {"ended_by", "ended_by", CSV_VALUE},
    {"waited_s", "waited_s", CSV_VALUE},
    {"model_first_s", "model.first_s", CSV_VALUE},
    {"model_factor", "model.factor", CSV_VALUE},
    {"model_cap_s", "model.cap_s", CSV_VALUE},
    {"model_fits", "model.fits", CSV_VALUE},
    {"nearest", "nearest.0.stack", CSV_VALUE},
    {"nearest_distance", "nearest.0.distance", CSV_VALUE},
    {"incomplete", "incomplete", CSV_VALUE},
    {"peer_ttl", "peer_ttl", CSV_VALUE},
    {"peer_win", "peer_win", CSV_VALUE},
    {"mss", "peer_options.mss", CSV_VALUE},
    {"wscale", "peer_options.wscale", CSV_VALUE},
    {"sack_permitted", "peer_options.sack_permitted", CSV_PRESENCE},
    {"timestamps", "peer_options.ts_val", CSV_PRESENCE},
    {"iss", "iss", CSV_VALUE},
    {"irs", "irs", CSV_VALUE},
    {"syns", "syns", CSV_VALUE},
    {"segments_back", "segments_back", CSV_VALUE},
    {"octets_back", "octets_back", CSV_VALUE},
    {"reason", "reason", CSV_VALUE},
};

enum {
    COLUMNS = sizeof(columns) / sizeof(columns[0])
};

static const json_t *step_into(const json_t *at, const char *name, size_t n)
{
    char key[32];
    if (json_is_array(at))
        return json_array_get(at, strtoul(name, NULL, 10));
    memcpy(key, name, n);
    key[n] = '\0';
    return json_object_get(at, key);
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

static void put_quoted(struct text *line, const char *s, size_t n)
{
    struct text safe;
    text_init(&safe);
    prose_safe(&safe, s, n); /* control characters: a table has no way to write them */
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

static void put_field(struct text *line, const json_t *fields, size_t column)
{
    const json_t *in;
    const json_t *v = value_at(fields, columns[column].path, &in);
    switch (columns[column].kind) {
    case CSV_VALUE:
        put_value(line, v);
        break;
    case CSV_LIST:
        for (size_t i = 0; i < json_array_size(v); i++) {
            text_put(line, ";", i != 0);
            put_value(line, json_array_get(v, i));
        }
        break;
    case CSV_PRESENCE:
        if (json_is_object(in))
            text_printf(line, "%s", v != NULL ? "true" : "false");
        break;
    }
}

/* Ends the line, writes it by one call, and releases it. */
static enum status write_line(struct csv *c, struct text *line, struct fault *fault)
{
    text_put(line, "\n", 1);
    enum status s = line->failed ? fault_set(fault, STATUS_NO_MEMORY, "out of memory")
                                 : c->sink.out.put(c->sink.out.arg, line->data, line->len, fault);
    text_done(line);
    return s;
}

static enum status open_csv(struct sink *sink, const struct run_info *run, struct fault *fault)
{
    struct text line;
    (void)run;
    text_init(&line);
    text_printf(&line, "session");
    for (size_t i = 0; i < COLUMNS; i++)
        text_printf(&line, ",%s", columns[i].name);
    return write_line((struct csv *)sink, &line, fault);
}

static enum status take_event(struct sink *sink, const struct event *e, struct fault *fault)
{
    struct text line;
    if (e->kind != EVENT_VERDICT)
        return STATUS_OK;
    text_init(&line);
    text_printf(&line, "%u", e->session);
    for (size_t i = 0; i < COLUMNS; i++) {
        text_put(&line, ",", 1);
        put_field(&line, e->result->fields, i);
    }
    return write_line((struct csv *)sink, &line, fault);
}

static enum status close_csv(struct sink *sink, struct fault *fault)
{
    (void)sink;
    (void)fault;
    return STATUS_OK;
}

static void free_csv(struct sink *sink)
{
    free(sink);
}

struct sink *csv_new(struct writer out)
{
    static const struct sink_ops ops = {.name = "csv",
                                        .streams = true,
                                        .open = open_csv,
                                        .event = take_event,
                                        .close = close_csv,
                                        .free = free_csv};
    struct csv *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->sink = (struct sink){.ops = &ops, .out = out};
    return &c->sink;
}
