/* Makes what is shipped about the measurements from their rows (measure/measure.h), into a template
 * that has all the rest: `tables schema FILE`, `tables manual FILE`, to standard output. It is
 * built and run by make and installed nowhere.
 *
 * Of the schema the template is itself a JSON Schema; what is added are the keys of results, one
 * definition a record, and which command has which. In the manual page a line "@WHAT NAME@" is
 * replaced:
 *     @OPTIONS open@   the options of that measurement; @COMMON 1@ those of all, of one group
 *     @SYNOPSIS@       of the measurements that have no @OPTIONS@ line
 *     @SECTIONS@       their sections, from `manual` in their rows
 *     @RESULTS@        the keys of all results; @SUMMARIES@ what the last record has besides */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/arguments.h"
#include "cli/option_row.h"

enum {
    ROWS_MAX = 64,
    WORD_MAX = 200,
    NESTED_MAX = 8
};

static _Noreturn void give_up(const char *what, const char *name)
{
    (void)fprintf(stderr, "tables: %s: %s\n", name, what);
    exit(1);
}

/* The record of that name, of any measurement; NULL: there is none. */
static const struct measure_record *record_find(const char *name, size_t n)
{
    for (size_t i = 0; measure_at(i) != NULL; i++) {
        const struct measure_record *r = measure_at(i)->records;
        for (; r != NULL && r->name != NULL; r++) {
            if (strlen(r->name) == n && strncmp(r->name, name, n) == 0)
                return r;
        }
    }
    return NULL;
}

/* What a command's records are called: "self_connect", "ping_summary". */
static const struct measure_record *record_of(const struct measure *m, const char *suffix)
{
    char name[WORD_MAX];
    int n = snprintf(name, sizeof(name), "%s%s", m->name, suffix);
    for (char *c = name; *c != '\0'; c++)
        *c = *c == '-' ? '_' : *c;
    return record_find(name, (size_t)n);
}

/* The key is one of the object's that `in` names: "model.first_s" of "model", or at the top. */
static const char *name_within(const struct measure_key *key, const char *in)
{
    size_t n = strlen(in);
    if (n == 0)
        return strchr(key->name, '.') == NULL ? key->name : NULL;
    return strncmp(key->name, in, n) == 0 && key->name[n] == '.' ? key->name + n + 1 : NULL;
}

/* --- The schema --- */

static json_t *type_schema(const struct measure_key *all, const char *name, const char *type,
                           size_t n);

static json_t *nullable(json_t *schema)
{
    json_t *words = json_object_get(schema, "enum");
    if (words == NULL)
        return json_pack("{s:[o, {s:s}]}", "oneOf", schema, "type", "null");
    (void)json_array_append_new(words, json_null());
    return schema;
}

static json_t *words_schema(const char *type, size_t n)
{
    json_t *words = json_array();
    for (const char *end = type + n; type < end; type += strcspn(type, "|") + 1) {
        size_t len = strcspn(type, "|");
        if (type + len > end)
            len = (size_t)(end - type);
        (void)json_array_append_new(words, json_stringn(type, len));
    }
    return json_pack("{s:o}", "enum", words);
}

/* "count", "count>=1", "string": by reference, or a type of JSON's own. */
static json_t *named_schema(const char *type, size_t n)
{
    static const char *const own[] = {"string", "number", "integer", "boolean"};
    char reference[WORD_MAX];
    size_t name = strcspn(type, ">");
    name = name < n ? name : n;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (strlen(own[i]) == name && strncmp(own[i], type, name) == 0)
            return json_pack("{s:s}", "type", own[i]);
    }
    (void)snprintf(reference, sizeof(reference), "#/$defs/%.*s", (int)name, type);
    json_t *schema = json_pack("{s:s}", "$ref", reference);
    if (name < n)
        (void)json_object_set_new(schema, "minimum", json_integer(atoi(type + name + 2)));
    return schema;
}

/* {"if": ..., "then": {"required": [...]}} of a condition "outcome=open", "role", "!role". */
static json_t *condition(const char *when, json_t *then)
{
    char key[WORD_MAX];
    size_t n = strcspn(when, "=");
    const char *name = when + (when[0] == '!');
    (void)snprintf(key, sizeof(key), "%.*s", (int)(n - (size_t)(name - when)), name);
    json_t *given = json_pack("{s:[s]}", "required", key);
    if (when[n] == '=')
        (void)json_object_set_new(
            given, "properties",
            json_pack("{s:o}", key, words_schema(when + n + 1, strlen(when + n + 1))));
    if (when[0] == '!')
        given = json_pack("{s:o}", "not", given);
    return json_pack("{s:o, s:{s:o}}", "if", given, "then", "required", then);
}

/* Adds what has to be there, of the keys within `in`. */
static void add_required(json_t *schema, const struct measure_key *all, const char *in)
{
    json_t *required = json_array(), *conditions = json_object(), *then;
    const char *when;
    for (const struct measure_key *k = all; k->name != NULL; k++) {
        const char *name = name_within(k, in);
        if (name == NULL || k->when == NULL)
            continue;
        then = k->when[0] == '\0' ? required : json_object_get(conditions, k->when);
        if (then == NULL) {
            then = json_array();
            (void)json_object_set_new(conditions, k->when, then);
        }
        (void)json_array_append_new(then, json_string(name));
    }
    (void)json_object_set(schema, "required", required);
    json_object_foreach(conditions, when, then)
    {
        if (json_object_get(schema, "allOf") == NULL)
            (void)json_object_set_new(schema, "allOf", json_array());
        (void)json_array_append_new(json_object_get(schema, "allOf"),
                                    condition(when, json_incref(then)));
    }
    json_decref(required);
    json_decref(conditions);
}

static json_t *describe(json_t *schema, const char *meaning)
{
    char text[1024];
    if (meaning == NULL || !json_is_object(schema))
        return schema;
    (void)snprintf(text, sizeof(text), "%c%s", toupper((unsigned char)meaning[0]), meaning + 1);
    (void)json_object_set_new(schema, "description", json_string(text));
    return schema;
}

static json_t *properties(const struct measure_key *all, const char *in)
{
    json_t *found = json_object();
    for (const struct measure_key *k = all; k->name != NULL; k++) {
        const char *name = name_within(k, in);
        if (name == NULL || k->type == NULL || strchr(name, '.') != NULL)
            continue;
        json_t *schema = type_schema(all, k->name, k->type, strlen(k->type));
        (void)json_object_set_new(found, name, describe(schema, k->meaning));
    }
    return found;
}

static json_t *object_schema(const struct measure_key *all, const char *in, bool closed)
{
    json_t *schema = json_pack("{s:s, s:o}", "type", "object", "properties", properties(all, in));
    add_required(schema, all, in);
    if (closed)
        (void)json_object_set_new(schema, "additionalProperties", json_false());
    return schema;
}

static json_t *list_schema(const struct measure_key *all, const char *name, const char *type,
                           size_t n)
{
    const char *end = type + n;
    while (*--end != ']')
        ;
    json_t *items = type_schema(all, name, type + 1, (size_t)(end - type) - 1);
    json_t *schema = json_pack("{s:s, s:o}", "type", "array", "items", items);
    if (strncmp(end + 1, "<=", 2) == 0)
        (void)json_object_set_new(schema, "maxItems", json_integer(atoi(end + 3)));
    if (end[1] == '+')
        (void)json_object_set_new(schema, "minItems",
                                  json_integer(isdigit((unsigned char)end[2]) ? atoi(end + 2) : 1));
    return schema;
}

static json_t *type_schema(const struct measure_key *all, const char *name, const char *type,
                           size_t n)
{
    if (n == strlen("never") && strncmp(type, "never", n) == 0)
        return json_false();
    if (type[n - 1] == '?')
        return nullable(type_schema(all, name, type, n - 1));
    if (type[0] == '[')
        return list_schema(all, name, type, n);
    if (type[0] == '{')
        return object_schema(all, name, type[1] == '=');
    if (memchr(type, '|', n) != NULL)
        return words_schema(type, n);
    return named_schema(type, n);
}

static json_t *record_schema(const struct measure_record *r)
{
    json_t *schema = object_schema(r->keys, "", r->closed);
    json_t *constraint;
    (void)describe(schema, r->meaning);
    if (r->constraint == NULL)
        return schema;
    constraint = json_loads(r->constraint, 0, NULL);
    if (constraint == NULL)
        give_up("its constraint is no JSON", r->name);
    if (json_object_get(schema, "allOf") == NULL)
        (void)json_object_set_new(schema, "allOf", json_array());
    (void)json_array_append_new(json_object_get(schema, "allOf"), constraint);
    return schema;
}

/* Which records are held to the definition. */
static void dispatch(json_t *among, const struct measure *m, const struct measure_record *r)
{
    char reference[WORD_MAX];
    json_t *is = json_pack("{s:{s:s}}", "command", "const", m->name);
    if ((m->can & MEASURE_MANY) != 0) /* with a reason there was no probe */
        (void)json_object_set_new(is, "reason", json_false());
    (void)snprintf(reference, sizeof(reference), "#/$defs/%s", r->name);
    (void)json_array_append_new(
        json_object_get(among, "allOf"),
        json_pack("{s:{s:o}, s:{s:s}}", "if", "properties", is, "then", "$ref", reference));
}

static void make_schema(const char *template)
{
    json_t *schema = json_loads(template, JSON_REJECT_DUPLICATES, NULL);
    json_t *defs = json_object_get(schema, "$defs");
    json_t *result = json_object_get(defs, "result"), *summary = json_object_get(defs, "summary");
    if (result == NULL || summary == NULL)
        give_up("no schema with a result and a summary", "the template");
    add_required(result, measure_common_keys(), "");
    (void)json_object_set_new(result, "properties", properties(measure_common_keys(), ""));
    for (size_t i = 0; measure_at(i) != NULL; i++) {
        const struct measure *m = measure_at(i);
        const struct measure_record *r = m->records;
        for (; r != NULL && r->name != NULL; r++)
            (void)json_object_set_new(defs, r->name, record_schema(r));
        if (record_of(m, "") != NULL)
            dispatch(result, m, record_of(m, ""));
        if (record_of(m, "_summary") != NULL)
            dispatch(summary, m, record_of(m, "_summary"));
    }
    (void)json_dumpf(schema, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    (void)putchar('\n');
    json_decref(schema);
}

/* --- The manual page --- */

/* "*bold*" and "_italic_" begin with a word and end with one, or with a letter: "_K_th". */
static bool opens(const char *at, bool at_start)
{
    return *at == '*' || (*at == '_' && (at_start || strchr(" (*=", at[-1]) != NULL));
}

static bool closes(const char *at, const char *open)
{
    return *at == *open && (*at == '*' || at == open + 2 || !isalnum((unsigned char)at[1]));
}

/* Text in the words of a row's `manual`, as roff, and what ends it. */
static void put_prose(const char *s, const char *end)
{
    const char *font = NULL; /* where it began */
    bool at_start = true;
    for (; *s != '\0'; s++) {
        if (font == NULL ? opens(s, at_start) : closes(s, font)) {
            font = font == NULL ? s : NULL;
            (void)printf("\\f%c", font == NULL ? 'R' : *s == '*' ? 'B' : 'I');
        } else if (strncmp(s, "\n\n", 2) == 0) {
            (void)printf("\n.IP");
        } else if (*s == '\\') {
            (void)printf("\\e");
        } else if (*s == '\'') {
            (void)printf("\\(aq");
        } else if (*s == '-' && font != NULL) {
            (void)printf("\\-");
        } else if (strncmp(s, "\xc3\x97", 2) == 0) {
            (void)printf("\\(mu");
            s++;
        } else {
            (void)printf("%s%c", at_start && *s == '.' ? "\\&" : "", *s);
        }
        at_start = *s == '\n';
    }
    (void)printf("%s", end);
}

/* As roff has it: "keep\-going". */
static void put_dashed(const char *s)
{
    for (; *s != '\0'; s++)
        (void)printf("%s%c", *s == '-' ? "\\" : "", *s);
}

/* "HOW", and of "K/N" the letters alone in italics. */
static void put_argument(const char *s)
{
    for (; *s != '\0'; s++)
        (void)printf(isalnum((unsigned char)*s) ? "%c" : "\\fR%c\\fI", *s);
    (void)printf("\\fR\n");
}

static void put_option(const struct measure_option *o)
{
    (void)printf(".TP\n");
    if (o->letter != 0 && o->name != NULL)
        (void)printf(".BR \\-%c \", \" \\-\\-", o->letter);
    else if (o->letter != 0)
        (void)printf(".B \\-%c\n", o->letter);
    else
        (void)printf(o->argument != NULL ? ".BI \\-\\-" : ".B \\-\\-");
    if (o->name != NULL)
        put_dashed(o->name);
    if (o->argument != NULL) {
        (void)printf(o->letter != 0 ? "=\\fI" : "= ");
        put_argument(o->argument);
    } else if (o->name != NULL) {
        (void)putchar('\n');
    }
    put_prose(o->manual != NULL ? o->manual : o->help, o->manual != NULL ? "\n" : ".\n");
}

static int compare_options(const void *a, const void *b)
{
    const struct measure_option *const *x = a, *const *y = b;
    const char letters[2][2] = {{(*x)->letter, '\0'}, {(*y)->letter, '\0'}};
    return strcmp((*x)->name != NULL ? (*x)->name : letters[0],
                  (*y)->name != NULL ? (*y)->name : letters[1]);
}

static void put_options(const struct measure_option **options, size_t n)
{
    qsort(options, n, sizeof(*options), compare_options);
    for (size_t i = 0; i < n; i++)
        put_option(options[i]);
}

static void put_own_options(const struct measure *m)
{
    const struct measure_option *options[ROWS_MAX];
    size_t n = 0;
    for (; n < ROWS_MAX && option_row_at(m->options, n) != NULL; n++)
        options[n] = option_row_at(m->options, n);
    put_options(options, n);
}

static void put_common_options(int group)
{
    const struct measure_option *options[ROWS_MAX];
    size_t n = 0;
    for (size_t i = 0; arguments_common_at(i) != NULL && n < ROWS_MAX; i++) {
        if (arguments_common_at(i)->group == group)
            options[n++] = arguments_common_at(i);
    }
    put_options(options, n);
}

/* The template says nothing of it. */
static bool is_new(const struct measure *m, const char *template)
{
    char marker[WORD_MAX];
    (void)snprintf(marker, sizeof(marker), "@OPTIONS %s@", m->name);
    return strstr(template, marker) == NULL;
}

static void put_name(const struct measure *m)
{
    (void)printf("tcpshake%s ", (m->can & MEASURE_IN_LAB) != 0 ? " lab" : "");
    put_dashed(m->name);
    (void)putchar('\n');
}

static void put_synopsis(const struct measure *m)
{
    (void)printf(".B ");
    put_name(m);
    (void)printf(".RI [ OPTIONS ]\n");
    if ((m->can & MEASURE_IN_LAB) == 0)
        (void)printf(".I %s\n", m->operands != NULL ? m->operands : "TARGET");
    (void)printf(".br\n");
}

static void put_section(const struct measure *m)
{
    const char *text = m->manual != NULL ? m->manual : m->about;
    (void)printf(".SS ");
    put_dashed(m->name);
    (void)printf("\n.B ");
    put_name(m);
    put_prose(text, "\n");
    put_own_options(m);
}

/* A list of words: "fin, rst or wait". */
static void put_words(const char *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (words[i] != '|')
            (void)printf("%s%c", words[i] == '-' ? "\\" : "", words[i]);
        else
            (void)printf(memchr(words + i + 1, '|', n - i - 1) != NULL ? ", " : " or ");
    }
}

static void put_keys(const struct measure_key *all, const char *in, bool nested);

/* A record that is told within another; NULL: it is too long, or there is none. */
static const struct measure_record *told_within(const char *name, size_t n)
{
    const struct measure_record *r = record_find(name, n);
    size_t keys = 0;
    while (r != NULL && r->keys[keys].name != NULL)
        keys++;
    return keys <= NESTED_MAX ? r : NULL;
}

/* What there is to say of a key behind its name, in parentheses. */
static void put_meaning(const struct measure_key *all, const struct measure_key *k)
{
    size_t n = strcspn(k->type, "?]+");
    const char *type = k->type + (k->type[0] == '[');
    n -= (size_t)(type - k->type);
    bool null = strchr(k->type, '?') != NULL;
    const struct measure_record *r = told_within(type, n);
    bool words = memchr(type, '|', n) != NULL;
    const char *between = "";
    if (k->meaning != NULL) {
        (void)printf("%s", k->meaning);
        between = "; ";
    }
    if (words || r != NULL || type[0] == '{')
        (void)printf("%s", between);
    if (words)
        put_words(type, n);
    else if (r != NULL)
        put_keys(r->keys, "", true);
    else if (type[0] == '{')
        put_keys(all, k->name, true);
    if (null && (k->meaning == NULL || strstr(k->meaning, "null") == NULL))
        (void)printf("%sor null", words || r != NULL || type[0] == '{' ? ", " : between);
}

static bool has_meaning(const struct measure_key *k)
{
    return k->meaning != NULL || strpbrk(k->type, "|?{") != NULL ||
           told_within(k->type, strcspn(k->type, "?]+")) != NULL;
}

/* The schema has it for every result, and nothing else is said of it here. */
static bool is_common(const struct measure_key *k)
{
    const struct measure_key *c = measure_common_keys();
    while (c->name != NULL && strcmp(c->name, k->name) != 0)
        c++;
    return c->name != NULL && k->meaning == NULL;
}

/* One after the other, with commas; names are bold unless they stand within parentheses. */
static void put_keys(const struct measure_key *all, const char *in, bool nested)
{
    const char *before = "";
    for (const struct measure_key *k = all; k->name != NULL; k++) {
        const char *name = name_within(k, in);
        bool never = k->type != NULL && strcmp(k->type, "never") == 0;
        if (name == NULL || k->type == NULL || (!nested && !never && is_common(k)))
            continue;
        (void)printf(nested ? "%s%s%s" : "%s%s\\fB%s\\fR", before, never ? "no " : "", name);
        if (has_meaning(k)) {
            (void)printf(nested ? ": " : "\n(");
            put_meaning(all, k);
            (void)printf(nested ? "" : ")");
        }
        before = nested ? "; " : ",\n";
    }
}

static void put_record(const struct measure *m, const char *suffix)
{
    const struct measure_record *r = record_of(m, suffix);
    if (r == NULL)
        return;
    (void)printf(".IP\nOf\n.B ");
    put_dashed(m->name);
    (void)printf("\nalso\n");
    put_keys(r->keys, "", false);
    (void)printf(".\n");
    if (r->meaning != NULL)
        put_prose(r->meaning, "\n");
}

static void put_marker(const char *template, const char *what, const char *name)
{
    if (strcmp(what, "OPTIONS") == 0 && measure_find(name) != NULL) {
        put_own_options(measure_find(name));
    } else if (strcmp(what, "COMMON") == 0) {
        put_common_options(atoi(name));
    } else {
        for (size_t i = 0; measure_at(i) != NULL; i++) {
            const struct measure *m = measure_at(i);
            if (strcmp(what, "RESULTS") == 0)
                put_record(m, "");
            else if (strcmp(what, "SUMMARIES") == 0)
                put_record(m, "_summary");
            else if (strcmp(what, "SYNOPSIS") == 0 && is_new(m, template))
                put_synopsis(m);
            else if (strcmp(what, "SECTIONS") == 0 && is_new(m, template))
                put_section(m);
        }
    }
}

static void make_manual(const char *template)
{
    char what[WORD_MAX], name[WORD_MAX];
    for (const char *line = template; *line != '\0'; line += strcspn(line, "\n") + 1) {
        name[0] = '\0';
        if (line[0] == '@' && sscanf(line, "@%40[A-Z] %40[a-z0-9-]@", what, name) >= 1)
            put_marker(template, what, name);
        else
            (void)printf("%.*s\n", (int)strcspn(line, "\n"), line);
    }
}

int main(int argc, char **argv)
{
    struct text template;
    char buffer[4096];
    size_t n;
    FILE *f = argc == 3 ? fopen(argv[2], "re") : NULL;
    if (f == NULL)
        give_up("cannot be read", argc == 3 ? argv[2] : "schema FILE, or manual FILE");
    text_init(&template);
    while ((n = fread(buffer, 1, sizeof(buffer), f)) > 0)
        text_put(&template, buffer, n);
    (void)fclose(f);
    if (template.failed || template.data == NULL)
        give_up("nothing in it", argv[2]);
    if (strcmp(argv[1], "schema") == 0)
        make_schema(template.data);
    else
        make_manual(template.data);
    text_done(&template);
    if (fflush(stdout) != 0 || ferror(stdout))
        give_up("cannot be written", "standard output");
    return 0;
}
