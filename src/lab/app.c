/* The table of the peer's applications: see app.h. */
#include "lab/app.h"

#include <string.h>

#include "base/text.h"

#define HTTP_PAGE "Hello from the lab.\n"
#define HTTP_HEAD                                                                                  \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 20\r\nConnection: "            \
    "close\r\n\r\n"
#define HTTP_BAD "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

_Static_assert(sizeof(HTTP_PAGE) - 1 == 20, "Content-Length is that of the page");

static void say(struct app_conn *c, const char *out, size_t n)
{
    c->out = out;
    c->out_len = n;
    c->in_len = 0;
}

static void take_echo(struct app_conn *c)
{
    say(c, c->in, c->in_len);
}

static void take_discard(struct app_conn *c)
{
    c->in_len = 0;
}

/* RFC 9112 2.2: an empty line ends the head, and a bare LF may pass for CRLF. */
static void take_http(struct app_conn *c)
{
    static const char page[] = HTTP_HEAD HTTP_PAGE;
    bool whole = memmem(c->in, c->in_len, "\n\r\n", 3) != NULL ||
                 memmem(c->in, c->in_len, "\n\n", 2) != NULL;
    if (!whole && c->in_len < sizeof(c->in))
        return;
    const char *line_end = memchr(c->in, '\n', c->in_len);
    size_t line = line_end != NULL ? (size_t)(line_end - c->in) : 0;
    c->closing = true;
    if (!whole || memmem(c->in, line, " HTTP/1.", 8) == NULL)
        say(c, HTTP_BAD, sizeof(HTTP_BAD) - 1);
    else if (strncmp(c->in, "HEAD ", 5) == 0)
        say(c, page, sizeof(HTTP_HEAD) - 1);
    else
        say(c, page, sizeof(page) - 1);
}

const struct app *app_at(size_t i)
{
    static const struct app apps[] = {
        {.shown = {"echo", "echoes; closes when the client does", 7}, .take = take_echo},
        {.shown = {"discard", "reads and ignores until the end", 9}, .take = take_discard},
        {.shown = {"hold", "accepts, never reads, never closes", 5001}},
        {.shown = {"close", "closes at once after accept", 5002}, .hangs_up = true},
        {.shown = {"cue", "reads and ignores, closes only when a figure says so", 5005},
         .on_cue = true,
         .take = take_discard},
        {.shown = {"idle", "listens, and accepts nobody until it is told to", 5007},
         .waits = true,
         .take = take_discard},
        {.shown = {"http", "answers one HTTP request and closes", 80}, .take = take_http},
        {.shown = {"closed", "nothing listens", 5003}, .port = APP_PORT_CLOSED},
        {.shown = {"filtered", "drops what arrives without an answer", 5004},
         .port = APP_PORT_SILENT},
    };
    return i < sizeof(apps) / sizeof(apps[0]) ? &apps[i] : NULL;
}

static enum status unknown(const char *name, struct fault *fault)
{
    struct text names;
    text_init(&names);
    for (size_t i = 0; app_at(i) != NULL; i++)
        text_printf(&names, "%s%s", i != 0 ? ", " : "", app_at(i)->shown.name);
    enum status s = fault_set(fault, STATUS_MALFORMED, "the lab has no app '%s'; it has %s", name,
                              names.data != NULL ? names.data : "others");
    text_done(&names);
    return s;
}

enum status app_find(const char *name, const struct app **app, struct fault *fault)
{
    if (name == NULL)
        name = "echo";
    for (size_t i = 0; (*app = app_at(i)) != NULL; i++) {
        if (strcmp((*app)->shown.name, name) == 0)
            return STATUS_OK;
    }
    return unknown(name, fault);
}
