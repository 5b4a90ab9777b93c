/* See scripted.h. */
#include "scripted.h"

/* --- The script --- */

uint8_t scripted_octet(struct scripted_reader *r)
{
    if (r->left == 0)
        return 0;
    r->left--;
    return *r->data++;
}

uint16_t scripted_word(struct scripted_reader *r)
{
    uint8_t high = scripted_octet(r);
    return (uint16_t)(high << 8 | scripted_octet(r));
}

uint32_t scripted_far(struct scripted_reader *r)
{
    uint32_t high = scripted_word(r);
    return high << 16 | scripted_word(r);
}

const uint8_t *scripted_octets(struct scripted_reader *r, size_t *n)
{
    *n = scripted_octet(r);
    *n = *n < r->left ? *n : r->left;
    const uint8_t *octets = r->data;
    r->data += *n;
    r->left -= *n;
    return octets;
}

seq_t scripted_start(unsigned choice)
{
    static const uint32_t starts[] = {1000, 0xffffffff, 0xfffffff0, 0x7fffffff};
    return seq_of(starts[choice % 4]);
}

/* --- The record --- */

static enum status takes(struct sink *s, const struct event *e, struct fault *fault)
{
    struct scripted_record *r = (struct scripted_record *)s;
    (void)fault;
    fuzz_require(e->id == r->last_id + 1 && e->cause < e->id);
    fuzz_require(r->summaries == 0);
    r->last_id = e->id;
    r->sent += e->kind == EVENT_SENT;
    r->received += e->kind == EVENT_RECEIVED;
    r->verdicts += e->kind == EVENT_VERDICT;
    r->summaries += e->kind == EVENT_SUMMARY;
    r->event(r, e);
    return STATUS_OK;
}

void scripted_record(struct scripted_record *r, struct timeline *t)
{
    static const struct run_info info = {.command = "fuzz"};
    struct fault fault;
    witness_init(&r->witness, takes);
    timeline_init(t);
    fuzz_require(timeline_add_sink(t, &r->witness.sink, &fault) == STATUS_OK);
    fuzz_require(timeline_open(t, &info, &fault) == STATUS_OK);
}

/* --- The peer --- */

struct segment scripted_to_us(const struct scripted_peer *p)
{
    const struct talks_entry *e = p->run.entry; /* none while a figure's first row begins it */
    struct segment seg = {.src = e != NULL ? e->talk.config.remote : p->config.base.remote,
                          .dst = e != NULL ? e->talk.config.local : *p->local,
                          .ip_version = 4,
                          .ttl = 64,
                          .win = 65535};
    if (seg.src.port == 0) /* we do not know it yet */
        seg.src.port = 4242;
    return seg;
}

void scripted_emit(struct scripted_peer *p, int64_t after_ns, const struct segment *seg, size_t len)
{
    static const uint8_t zeros[1400];
    if (p->emitted++ < p->emitted_max)
        sim_emit(p->sim, after_ns, seg, zeros, len < sizeof(zeros) ? len : sizeof(zeros));
}

void scripted_says(struct scripted_peer *p, const struct segment *heard, enum reply what,
                   int64_t after_ns, size_t len)
{
    struct segment out = scripted_to_us(p);
    tcb_fill(&p->host, what, heard, &out);
    if (out.flags & FLAG_SYN) {
        out.opt = (struct options){.has_mss = true, .mss = 1460};
        (void)options_build(&out.opt, "M", NULL);
    }
    scripted_emit(p, after_ns, &out, len);
    out.len = (uint32_t)len;
    tcb_left(&p->host, &out);
}

void scripted_answers(struct scripted_peer *p, const struct segment *heard, int64_t after_ns)
{
    struct arrival a = tcb_arrive(&p->host, heard);
    if (a.reply >= REPLY_SYN && a.reply <= REPLY_RST_ACK)
        scripted_says(p, heard, a.reply, after_ns, 0);
}

void scripted_is_told(struct scripted_peer *p, enum call what)
{
    enum reply drawn = tcb_call(&p->host, what).reply;
    if (drawn == REPLY_FIN || drawn == REPLY_RST_OWN || drawn == REPLY_SYN)
        scripted_says(p, NULL, drawn, 0, 0);
}

/* An offset from a number that matters, or any number. */
static seq_t number(struct scripted_peer *p)
{
    struct scripted_reader *r = &p->script;
    const struct tcb *own = &p->run.entry->talk.ours.tcb;
    seq_t bases[8] = {p->host.snd_nxt, p->host.rcv_nxt, own->snd_nxt,
                      own->snd_una,    own->rcv_nxt,    own->irs};
    p->numbers(p, bases + 6);
    uint8_t choice = scripted_octet(r);
    if (choice >= 0xf0)
        return seq_of(scripted_far(r));
    uint32_t off = scripted_octet(r);
    if (off >= 128)
        off -= 256;
    return seq_add(bases[choice & 7], (choice & 0x08 ? p->config.base.win : 0) + off);
}

void scripted_odd_segment(struct scripted_peer *p)
{
    struct scripted_reader *r = &p->script;
    struct segment seg = scripted_to_us(p);
    uint8_t how = scripted_octet(r);
    seg.flags = scripted_octet(r);
    seg.seq = number(p);
    seg.ack = number(p);
    if (how & 0x01)
        seg.win = scripted_word(r);
    if (how & 0x02) {
        seg.opt.raw_len = scripted_octet(r) % 11 * 4;
        for (size_t i = 0; i < seg.opt.raw_len; i++)
            seg.opt.raw[i] = scripted_octet(r);
    }
    if (how & 0x04)
        seg.checksum = SEGMENT_CHECKSUM_BAD;
    if (how & 0x08) { /* as if our own kernel had sent it */
        seg.src = seg.dst;
        seg.dst = p->config.base.remote;
    }
    int64_t after = how & 0x10 ? scripted_octet(r) * (CLOCK_S / 8) : 0;
    size_t len = how & 0x20 ? scripted_octet(r) * 6u : 0;
    for (unsigned times = how & 0x40 ? scripted_octet(r) : 1; times > 0; times--)
        scripted_emit(p, after + (how & 0x80 ? times * CLOCK_MS * 50 : 0), &seg, len);
}

void scripted_raw_packet(struct scripted_peer *p)
{
    size_t n;
    const uint8_t *octets = scripted_octets(&p->script, &n);
    if (p->emitted++ < p->emitted_max)
        sim_emit_raw(p->sim, 0, octets, n);
}

bool scripted_loses(void *peer, bool ours, const struct segment *seg)
{
    struct scripted_peer *p = peer;
    (void)seg;
    return ours && p->script.left > 0 && *p->script.data >= 0xf8;
}
