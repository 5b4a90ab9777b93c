/* A run of any events, with texts, names and octets that are the input's, as each output shows it:
 * what people and tables get does nothing to a terminal, each record is JSON, and each block of a
 * capture is as long as it says. */
#include "fuzz.h"

#include <jansson.h>
#include <string.h>

#include "base/text.h"
#include "event/result.h"
#include "event/timeline.h"
#include "render/prose.h"
#include "render/render.h"

enum {
    TEXT_MAX = 64,
    IP_HEADER = 20,
    PACKET_MAX = 120,
    COLUMNS = 80,
    EVENTS_MAX = 200
};

/* --- The input --- */

struct input {
    const uint8_t *at;
    size_t left;
};

static uint8_t octet(struct input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

/* Terminated; a peer's and a list's texts have no zeros. */
static const char *string(struct input *in, char out[TEXT_MAX])
{
    size_t n = octet(in) % TEXT_MAX, i = 0;
    while (i < n && in->left > 0)
        out[i++] = (char)octet(in);
    out[i] = '\0';
    return out;
}

/* A segment whose TCP part is the input's. */
static bool segment(struct input *in, uint8_t ip[PACKET_MAX], struct segment *seg)
{
    const bool out = octet(in) & 1;
    const size_t n = IP_HEADER + 20 + octet(in) % (PACKET_MAX - IP_HEADER - 20 + 1);
    const uint8_t header[IP_HEADER] = {0x45, octet(in),   0,   (uint8_t)n, 0, 0,          0x40,
                                       0,    octet(in),   6,   0,          0, 192,        0,
                                       2,    out ? 1 : 2, 192, 0,          2, out ? 2 : 1};
    memcpy(ip, header, sizeof(header));
    for (size_t i = IP_HEADER; i < n; i++)
        ip[i] = octet(in);
    return segment_decode(seg, ip, n, NULL) == STATUS_OK;
}

static const char *or_null(struct input *in, char out[TEXT_MAX])
{
    return octet(in) % 4 == 0 ? NULL : string(in, out);
}

/* Of a figure: its reader takes no control characters (figure/lex). */
static const char *figured(struct input *in, char out[TEXT_SHOWN_MAX])
{
    char text[TEXT_MAX];
    const char *s = or_null(in, text);
    return s != NULL ? text_shown(s, strlen(s), out) : NULL;
}

static void put_line(struct timeline *t, struct input *in, struct event *e)
{
    char text[9][TEXT_SHOWN_MAX], why[TEXT_MAX];
    static const char *const arrows[] = {"-->", "<--", "...", ""};
    const struct event_line line = {
        .status = octet(in) % (EVENT_LINE_NOT_REACHED + 1),
        .number = octet(in),
        .begins_step = octet(in) & 1,
        .source_line = octet(in),
        .stamped = octet(in) & 1,
        .a = figured(in, text[0]),
        .b = figured(in, text[1]),
        .a_arrow = arrows[octet(in) % 4],
        .b_arrow = arrows[octet(in) % 4],
        .segment = figured(in, text[4]),
        .wire = figured(in, text[5]),
        .behind = figured(in, text[6]),
        .remark = figured(in, text[7]),
        .alternative = figured(in, text[8]),
        .alternative_deviates = octet(in) & 1,
        .alternative_ends = octet(in) & 1,
        .text = or_null(in, why),
    };
    e->line = &line;
    (void)timeline_append(t, *e);
}

static void put_result(struct timeline *t, struct input *in, struct event *e)
{
    char text[TEXT_MAX];
    struct result r = {0};
    result_set_text(&r, "command", octet(in) & 1 ? "open" : "synack");
    result_set_text(&r, "target", string(in, text));
    result_set_text(&r, "name", string(in, text));
    result_set_text(&r, "reason", string(in, text));
    result_set_text(&r, "outcome", "open");
    result_set_integer(&r, "peer_ttl", octet(in));
    result_line(&r, "target", "%s", string(in, text));
    result_line(&r, "", "%s", string(in, text));
    e->result = &r;
    (void)timeline_append(t, *e);
    result_done(&r);
}

static void put_event(struct timeline *t, struct input *in)
{
    char text[TEXT_MAX];
    uint8_t ip[PACKET_MAX];
    struct event e = {.kind = octet(in) % (EVENT_VERDICT + 1), .session = 1};
    e.t_ns = INT64_C(1700000000000000000) + (int64_t)octet(in) * octet(in) * 12345678;
    e.crowd = octet(in) % 8 == 0;
    switch (e.kind) {
    case EVENT_SENT:
    case EVENT_RECEIVED:
        if (!segment(in, ip, &e.segment.seg))
            return;
        e.segment.retransmission = octet(in) & 1;
        e.segment.held = octet(in) & 1;
        break;
    case EVENT_STATE:
        e.change.end = octet(in) & 1 ? END_A : END_B;
        e.change.from = octet(in) * 8u & STATE_SET_ALL;
        e.change.to = octet(in) * 8u & STATE_SET_ALL;
        if (e.change.end == END_A) { /* exact */
            e.change.from = STATE_SET(octet(in) % STATE_COUNT);
            e.change.to = STATE_SET(octet(in) % STATE_COUNT);
        }
        e.change.why = string(in, text);
        e.change.rfc = "RFC 9293 3.10";
        break;
    case EVENT_TRUTH:
        e.truth.state = octet(in) % STATE_COUNT;
        e.truth.in_set = octet(in) & 1;
        break;
    case EVENT_FAULT:
        e.fault.fault = octet(in) % (EVENT_FAULT_CLOCK + 1);
        e.fault.text = string(in, text);
        break;
    case EVENT_LINE:
        put_line(t, in, &e);
        return;
    case EVENT_VERDICT:
    case EVENT_SUMMARY:
        put_result(t, in, &e);
        return;
    case EVENT_TIMER:
    case EVENT_ACTION:
    case EVENT_NOTE:
        e.text = string(in, text);
        break;
    }
    (void)timeline_append(t, e);
}

/* --- The outputs --- */

static enum status put(void *arg, const void *data, size_t n, struct fault *fault)
{
    (void)fault;
    text_put(arg, data, n);
    return STATUS_OK;
}

static void is_harmless(const struct text *out)
{
    for (const char *line = out->data, *end; out->len > 0 && *line != '\0'; line = end + 1) {
        struct text safe = {0};
        end = strchr(line, '\n');
        fuzz_require(end != NULL);
        prose_safe(&safe, line, (size_t)(end - line));
        fuzz_require(safe.len == (size_t)(end - line));
        text_done(&safe);
    }
    fuzz_require(out->len == 0 || strlen(out->data) == out->len);
}

static void is_json(const struct text *out)
{
    for (const char *line = out->data, *end; out->len > 0 && *line != '\0'; line = end + 1) {
        end = strchr(line, '\n');
        fuzz_require(end != NULL);
        json_t *record = json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, NULL);
        fuzz_require(json_is_object(record));
        json_decref(record);
    }
}

/* Each line has as many fields. */
static void is_table(const struct text *out)
{
    size_t columns = 0, fields = 1;
    bool quoted = false;
    is_harmless(out);
    for (size_t i = 0; i < out->len; i++) {
        quoted ^= out->data[i] == '"';
        fields += !quoted && out->data[i] == ',';
        if (out->data[i] != '\n' || quoted)
            continue;
        fuzz_require(columns == 0 || fields == columns);
        columns = fields;
        fields = 1;
    }
    fuzz_require(!quoted);
}

/* The blocks of a capture file: a length before and behind each. */
static void is_capture(const struct text *out)
{
    for (size_t at = 0; at < out->len;) {
        uint32_t before, behind;
        fuzz_require(out->len - at >= 12);
        memcpy(&before, out->data + at + 4, sizeof(before));
        fuzz_require(before >= 12 && before % 4 == 0 && before <= out->len - at);
        memcpy(&behind, out->data + at + before - 4, sizeof(behind));
        fuzz_require(before == behind);
        at += before;
    }
}

static struct sink *ladder(struct writer out, bool brief, bool verbose)
{
    return ladder_new(out, (struct style){.brief = brief, .verbose = verbose, .columns = COLUMNS});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    enum {
        LADDER,
        BRIEF,
        VERBOSE,
        FIGURE,
        PING,
        MERMAID,
        TEXTS,
        TABLE = TEXTS,
        RECORDS,
        CAPTURE,
        ALL
    };
    struct text outs[ALL] = {{0}};
    struct writer to[ALL];
    struct input in = {data, n};
    struct fault fault = {""};
    struct timeline t;
    char text[3][TEXT_MAX], heading[TEXT_SHOWN_MAX];
    const struct style style = {.columns = COLUMNS};
    for (size_t i = 0; i < ALL; i++)
        to[i] = (struct writer){.put = put, .arg = &outs[i]};
    struct sink *const sinks[] = {ladder(to[LADDER], false, false),
                                  ladder(to[BRIEF], true, false),
                                  ladder(to[VERBOSE], false, true),
                                  figure_text_new(to[FIGURE], style),
                                  ping_text_new(to[PING], style),
                                  mermaid_new(to[MERMAID]),
                                  csv_new(to[TABLE]),
                                  ndjson_new(to[RECORDS])};
    const struct run_info info = {.command = "open",
                                  .target = string(&in, text[0]),
                                  .interface = string(&in, text[1]),
                                  .clock = "kernel software stamps, ns",
                                  .version = "0",
                                  .argv = string(&in, text[2]),
                                  .heading = figured(&in, heading)};
    timeline_init(&t);
    /* As many sinks as a timeline takes; the capture has its own. */
    for (size_t i = 0; i < sizeof(sinks) / sizeof(sinks[0]); i++)
        (void)timeline_add_sink(&t, sinks[i], &fault);
    struct timeline capture;
    timeline_init(&capture);
    (void)timeline_add_sink(&capture, pcapng_new(to[CAPTURE]), &fault);
    (void)timeline_open(&t, &info, &fault);
    (void)timeline_open(&capture, &info, &fault);
    for (unsigned i = 0; in.left > 0 && i < EVENTS_MAX; i++) {
        struct input again = in;
        put_event(&t, &in);
        put_event(&capture, &again);
    }
    (void)timeline_close(&t, &fault);
    (void)timeline_close(&capture, &fault);
    for (size_t i = 0; i < TEXTS; i++)
        is_harmless(&outs[i]);
    is_table(&outs[TABLE]);
    is_json(&outs[RECORDS]);
    is_capture(&outs[CAPTURE]);
    for (size_t i = 0; i < ALL; i++)
        text_done(&outs[i]);
    return 0;
}
