/* A capture file with the reasoning in it: every segment with its ns stamp, and as the packet's
 * comment both ends' states after it, why, and by which section (draft-ietf-opsawg-pcapng). The
 * file is little-endian on every machine. What belongs to no packet, such as a timer of ours, is
 * in the comment of the next one, or of the statistics block that then ends the file. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "render/prose.h"
#include "render/render.h"
#include "render/step.h"

enum block_type {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_STATISTICS = 5,
    BLOCK_PACKET = 6
};

enum {
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_SECTION_USERAPPL = 4,
    OPTION_INTERFACE_NAME = 2,
    OPTION_INTERFACE_TSRESOL = 9,
    OPTION_PACKET_FLAGS = 2,
};

enum {
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    LINKTYPE_RAW = 101, /* begins with an IPv4 or IPv6 header */
    TSRESOL_NS = 9,
    FLAGS_INBOUND = 1,
    FLAGS_OUTBOUND = 2,
    OPTION_VALUE_MAX = 65532, /* a multiple of four below the 16-bit length */
};

struct pcapng {
    struct sink sink;
    struct step_builder steps;
    struct text pending; /* comment lines of steps that have no packet */
    int64_t last_ns;
};

/* Blocks: built in a text, which serves as a growing run of octets. */

static void put16(struct text *block, unsigned v)
{
    char le[2] = {(char)(v & 0xff), (char)(v >> 8 & 0xff)};
    text_put(block, le, sizeof(le));
}

static void put32(struct text *block, uint32_t v)
{
    put16(block, v & 0xffff);
    put16(block, v >> 16);
}

/* Octets up to the next multiple of four. */
static void put_padded(struct text *block, const void *data, size_t n)
{
    static const char zeros[4];
    text_put(block, data, n);
    text_put(block, zeros, (4 - n % 4) % 4);
}

static void put_option(struct text *block, unsigned code, const void *value, size_t n)
{
    n = n < OPTION_VALUE_MAX ? n : OPTION_VALUE_MAX;
    put16(block, code);
    put16(block, (unsigned)n);
    put_padded(block, value, n);
}

static void put_string(struct text *block, unsigned code, const char *s)
{
    if (s != NULL && *s != '\0')
        put_option(block, code, s, strlen(s));
}

static void put_stamp(struct text *block, int64_t ns)
{
    put32(block, (uint32_t)((uint64_t)ns >> 32));
    put32(block, (uint32_t)((uint64_t)ns & UINT32_MAX));
}

/* Ends the options of `body`, puts type and both lengths around it, writes the block and releases
 * `body`. */
static enum status write_block(struct pcapng *p, enum block_type type, struct text *body,
                               struct fault *fault)
{
    struct text block = {0};
    put_option(body, OPTION_END, "", 0);
    uint32_t length = (uint32_t)body->len + 12;
    put32(&block, (uint32_t)type);
    put32(&block, length);
    text_put(&block, body->data, body->len);
    put32(&block, length);
    block.failed = block.failed || body->failed;
    enum status s = prose_write(&p->sink, &block, fault);
    text_done(&block);
    text_done(body);
    return s;
}

static enum status write_section(struct pcapng *p, const struct run_info *run, struct fault *fault)
{
    struct text body = {0};
    char program[64];
    put32(&body, BYTE_ORDER_MAGIC);
    put16(&body, 1); /* version 1.0 */
    put16(&body, 0);
    put32(&body, UINT32_MAX); /* section length: not known beforehand */
    put32(&body, UINT32_MAX);
    put_string(&body, OPTION_COMMENT, run->argv);
    (void)snprintf(program, sizeof(program), "tcpshake %s", run->version);
    put_string(&body, OPTION_SECTION_USERAPPL, program);
    return write_block(p, BLOCK_SECTION, &body, fault);
}

static enum status write_interface(struct pcapng *p, const struct run_info *run,
                                   struct fault *fault)
{
    struct text body = {0};
    uint8_t resolution = TSRESOL_NS;
    put16(&body, LINKTYPE_RAW);
    put16(&body, 0);
    put32(&body, 0); /* snapshot length: no limit */
    put_string(&body, OPTION_INTERFACE_NAME, run->interface);
    put_option(&body, OPTION_INTERFACE_TSRESOL, &resolution, 1);
    return write_block(p, BLOCK_INTERFACE, &body, fault);
}

/* Octets on the wire by the IP header, which may be more than were captured. */
static size_t wire_length(const struct segment *seg)
{
    size_t n = 0;
    if (seg->ip_version == 4 && seg->raw_len >= 4)
        n = bytes_be16(seg->raw + 2);
    else if (seg->ip_version == 6 && seg->raw_len >= 6)
        n = 40u + bytes_be16(seg->raw + 4);
    return n > seg->raw_len ? n : seg->raw_len;
}

static enum status write_packet(struct pcapng *p, const struct step *s, const struct text *comment,
                                struct fault *fault)
{
    struct text body = {0};
    uint8_t flags[4] = {s->kind == STEP_SENT ? FLAGS_OUTBOUND : FLAGS_INBOUND, 0, 0, 0};
    put32(&body, 0); /* the only interface */
    put_stamp(&body, s->t_ns);
    put32(&body, (uint32_t)s->seg.raw_len);
    put32(&body, (uint32_t)wire_length(&s->seg));
    put_padded(&body, s->seg.raw, s->seg.raw_len);
    put_string(&body, OPTION_COMMENT, comment->data);
    put_option(&body, OPTION_PACKET_FLAGS, flags, sizeof(flags));
    body.failed = body.failed || comment->failed;
    return write_block(p, BLOCK_PACKET, &body, fault);
}

static enum status write_statistics(struct pcapng *p, struct fault *fault)
{
    struct text body = {0};
    put32(&body, 0);
    put_stamp(&body, p->last_ns);
    put_string(&body, OPTION_COMMENT, p->pending.data);
    body.failed = body.failed || p->pending.failed;
    return write_block(p, BLOCK_STATISTICS, &body, fault);
}

/* Comments. */

static void add_line(struct text *comment, const char *lead, const char *s)
{
    if (comment->len != 0)
        text_put(comment, "\n", 1);
    text_put(comment, lead, strlen(lead));
    prose_safe(comment, s, strlen(s));
}

static void add_entry(struct text *comment, const struct step_entry *e)
{
    char from[STATE_SET_TEXT_MAX], to[STATE_SET_TEXT_MAX], lead[2 * STATE_SET_TEXT_MAX + 16];
    if (e->kind == EVENT_NOTE) {
        add_line(comment, "", e->text);
        return;
    }
    if (e->kind == EVENT_FAULT) {
        add_line(comment, "warning: ", e->text);
        return;
    }
    (void)state_set_format(e->from, from);
    (void)state_set_format(e->to, to);
    const char *who = e->end == END_A ? "A" : "B";
    if (e->from == STATE_SET_NONE || e->from == e->to)
        (void)snprintf(lead, sizeof(lead), "%s %s: ", who, to);
    else
        (void)snprintf(lead, sizeof(lead), "%s %s -> %s: ", who, from, to);
    add_line(comment, lead, e->text);
    if (e->rfc != NULL)
        text_printf(comment, " (%s)", e->rfc);
}

static void add_step(struct text *comment, const struct step *s)
{
    if (step_is_segment(s)) {
        char a[STATE_SET_TEXT_MAX], b[STATE_SET_TEXT_MAX], line[2 * STATE_SET_TEXT_MAX + 16];
        (void)snprintf(line, sizeof(line), "A %s, B %s", state_set_format(s->at[END_A], a),
                       state_set_format(s->at[END_B], b));
        add_line(comment, "", line);
    } else if (s->text != NULL) {
        add_line(comment, "", s->text);
    }
    for (size_t i = 0; i < s->entry_count; i++)
        add_entry(comment, &s->entries[i]);
    if (step_is_bare_retransmission(s))
        add_line(comment, "", "retransmission");
    if (s->truth_seen)
        add_line(comment, s->truth_in_set ? "B's kernel says " : "B's kernel contradicts: ",
                 state_name(s->truth));
}

static enum status take_step(void *arg, const struct step *step, struct fault *fault)
{
    struct pcapng *p = arg;
    p->last_ns = step->t_ns;
    add_step(&p->pending, step);
    if (!step_is_segment(step) || step->seg.raw_len == 0)
        return STATUS_OK;
    enum status s = write_packet(p, step, &p->pending, fault);
    text_clear(&p->pending);
    return s;
}

/* The sink. */

static enum status open_pcapng(struct sink *sink, const struct run_info *run, struct fault *fault)
{
    struct pcapng *p = (struct pcapng *)sink;
    enum status s = write_section(p, run, fault);
    return s == STATUS_OK ? write_interface(p, run, fault) : s;
}

static enum status take_event(struct sink *sink, const struct event *e, struct fault *fault)
{
    return step_builder_event(&((struct pcapng *)sink)->steps, e, fault);
}

static enum status close_pcapng(struct sink *sink, struct fault *fault)
{
    struct pcapng *p = (struct pcapng *)sink;
    enum status s = step_builder_flush(&p->steps, fault);
    return s == STATUS_OK && p->pending.len != 0 ? write_statistics(p, fault) : s;
}

static void free_pcapng(struct sink *sink)
{
    struct pcapng *p = (struct pcapng *)sink;
    step_builder_done(&p->steps);
    text_done(&p->pending);
    free(p);
}

struct sink *pcapng_new(struct writer out)
{
    static const struct sink_ops ops = {.name = "pcapng",
                                        .streams = true,
                                        .open = open_pcapng,
                                        .event = take_event,
                                        .close = close_pcapng,
                                        .free = free_pcapng};
    struct pcapng *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return NULL;
    p->sink = (struct sink){.ops = &ops, .out = out, .keyless = true};
    step_builder_init(&p->steps, (struct step_taker){.take = take_step, .arg = p});
    return &p->sink;
}
