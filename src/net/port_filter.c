/* See port_filter.h. One chain of comparisons for the source port and one for the destination port
 * serve both IP versions; a jump of BPF reaches 255 instructions, and all of it is shorter. */
#include "net/port_filter.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <pcap/dlt.h>

#include "wire/flags.h"
#include "wire/frame.h"
#include "wire/ip.h"

enum {
    WHOLE = 262144, /* of a packet that passes: all that the tap takes */
    IP4_FRAGMENT = 6,
    IP4_PROTOCOL = 9,
    IP6_NEXT = 6,
    IP6_HEADER = 40,
    SLL2_IFINDEX = 4,
    TCP_DPORT = 2,
    TCP_FLAGS = 13,
    NOT_FIRST = 0x1fff, /* the offset of a fragment, in units of eight octets */
    NO_ERROR = 128,     /* the first type of ICMPv6 that is none */
    SPORT = 0           /* where it is kept */
};

/* Where a jump goes. */
enum label {
    NEXT,
    WANTED,
    IP4,
    IP6,
    TCP4,
    TCP6,
    DROP,
    PASS,
    LABELS
};

struct assembly {
    struct bpf_insn *program;
    unsigned n;
    unsigned at[LABELS];
    uint8_t yes[PORT_FILTER_MAX], no[PORT_FILTER_MAX]; /* labels of the jump at the same place */
};

static void jump(struct assembly *a, unsigned code, uint32_t k, enum label yes, enum label no)
{
    a->yes[a->n] = (uint8_t)yes;
    a->no[a->n] = (uint8_t)no;
    a->program[a->n++] = (struct bpf_insn){.code = (u_short)code, .k = k};
}

static void put(struct assembly *a, unsigned code, size_t k)
{
    jump(a, code, (uint32_t)k, NEXT, NEXT);
}

static void when(struct assembly *a, uint32_t value, enum label yes, enum label no)
{
    jump(a, BPF_JMP | BPF_JEQ | BPF_K, value, yes, no);
}

static void mark(struct assembly *a, enum label l)
{
    a->at[l] = a->n;
}

static void set_jumps(struct assembly *a)
{
    for (unsigned i = 0; i < a->n; i++) {
        if (a->yes[i] != NEXT)
            a->program[i].jt = (u_char)(a->at[a->yes[i]] - i - 1);
        if (a->no[i] != NEXT)
            a->program[i].jf = (u_char)(a->at[a->no[i]] - i - 1);
    }
}

static void put_links(struct assembly *a, const struct port_filter *f)
{
    if (f->ifindex_count == 0)
        return;
    put(a, BPF_LD | BPF_W | BPF_ABS, SLL2_IFINDEX);
    for (unsigned i = 0; i < f->ifindex_count; i++)
        when(a, f->ifindex[i], WANTED, i + 1 < f->ifindex_count ? NEXT : DROP);
    mark(a, WANTED);
}

static void put_version(struct assembly *a, const struct frame_typed *typed)
{
    if (typed != NULL) {
        put(a, BPF_LD | BPF_H | BPF_ABS, typed->type_at);
        when(a, ETHERTYPE_IP, IP4, NEXT);
        when(a, ETHERTYPE_IPV6, IP6, DROP);
        return;
    }
    put(a, BPF_LD | BPF_B | BPF_ABS, 0);
    put(a, BPF_ALU | BPF_AND | BPF_K, 0xf0);
    when(a, 0x40, IP4, NEXT);
    when(a, 0x60, IP6, DROP);
}

/* The ports of the TCP header at `tcp`, which `mode` counts from: the source's is kept, the
 * destination's loaded, which decides about an answer. Of our resets the source's alone counts. */
static void put_ports(struct assembly *a, const struct port_filter *f, unsigned mode, size_t tcp)
{
    if (f->resets_out) {
        put(a, BPF_LD | BPF_B | mode, tcp + TCP_FLAGS);
        jump(a, BPF_JMP | BPF_JSET | BPF_K, FLAG_RST, NEXT, DROP);
    }
    put(a, BPF_LD | BPF_H | mode, tcp);
    if (f->resets_out)
        return;
    put(a, BPF_ST, SPORT);
    put(a, BPF_LD | BPF_H | mode, tcp + TCP_DPORT);
}

static void put_ip4(struct assembly *a, const struct port_filter *f, size_t ip)
{
    static const uint8_t errors[] = {3, 11, 12};
    mark(a, IP4);
    put(a, BPF_LD | BPF_H | BPF_ABS, ip + IP4_FRAGMENT);
    jump(a, BPF_JMP | BPF_JSET | BPF_K, NOT_FIRST, DROP, NEXT);
    put(a, BPF_LDX | BPF_B | BPF_MSH, ip);
    put(a, BPF_LD | BPF_B | BPF_ABS, ip + IP4_PROTOCOL);
    when(a, IPPROTO_TCP, TCP4, NEXT);
    when(a, IPPROTO_ICMP, f->resets_out ? DROP : NEXT, DROP);
    put(a, BPF_LD | BPF_B | BPF_IND, ip);
    for (size_t i = 0; i < sizeof(errors); i++)
        when(a, errors[i], PASS, i + 1 < sizeof(errors) ? NEXT : DROP);
    mark(a, TCP4);
    put_ports(a, f, BPF_IND, ip);
    put(a, BPF_JMP | BPF_JA, 0); /* to the comparisons: see put_all */
}

static void put_ip6(struct assembly *a, const struct port_filter *f, size_t ip)
{
    mark(a, IP6);
    put(a, BPF_LD | BPF_B | BPF_ABS, ip + IP6_NEXT);
    when(a, IPPROTO_TCP, TCP6, NEXT);
    /* What stands behind an extension header the decoder tells; ours have none. */
    for (size_t i = 0; !f->resets_out && i < IP_EXTENSIONS; i++)
        when(a, ip_extensions[i], PASS, NEXT);
    when(a, IPPROTO_ICMPV6, f->resets_out ? DROP : NEXT, DROP);
    put(a, BPF_LD | BPF_B | BPF_ABS, ip + IP6_HEADER);
    jump(a, BPF_JMP | BPF_JGE | BPF_K, NO_ERROR, DROP, PASS);
    mark(a, TCP6);
    put_ports(a, f, BPF_ABS, ip + IP6_HEADER);
}

static void put_comparisons(struct assembly *a, const struct port_filter *f)
{
    for (unsigned i = 0; i < f->count; i++)
        when(a, f->ports[i], PASS, NEXT);
}

static void put_all(struct assembly *a, const struct port_filter *f,
                    const struct frame_typed *typed)
{
    size_t ip = typed != NULL ? typed->len : 0;
    put_links(a, f);
    put_version(a, typed);
    put_ip4(a, f, ip);
    unsigned over = a->n - 1;
    put_ip6(a, f, ip);
    a->program[over].k = a->n - over - 1; /* a jump always taken has its distance here */
    put_comparisons(a, f);
    if (!f->resets_out) {
        put(a, BPF_LD | BPF_MEM, SPORT);
        put_comparisons(a, f);
    }
    mark(a, DROP);
    put(a, BPF_RET | BPF_K, 0);
    mark(a, PASS);
    put(a, BPF_RET | BPF_K, WHOLE);
}

unsigned port_filter_build(const struct port_filter *f, int dlt,
                           struct bpf_insn program[PORT_FILTER_MAX])
{
    struct assembly a = {.program = program};
    const struct frame_typed *typed = frame_typed_link(dlt);
    if (f->count > PORT_FILTER_PORTS_MAX || f->ifindex_count > PORT_FILTER_LINKS_MAX ||
        (f->ifindex_count > 0 && dlt != DLT_LINUX_SLL2) || (typed == NULL && dlt != DLT_RAW))
        return 0;
    put_all(&a, f, typed);
    set_jumps(&a);
    return a.n;
}

void port_filter_flow(struct text *t, const struct endpoint *remote, const struct in6_addr *local,
                      const struct endpoint *locals, size_t n)
{
    char theirs[ADDRESS_TEXT_MAX], ours[ADDRESS_TEXT_MAX];
    bool v4 = address_is_v4(&remote->ip);
    address_format(&remote->ip, theirs);
    address_format(local, ours);
    text_printf(t, "(host %s and host %s", theirs, ours);
    if (remote->port != 0)
        text_printf(t, " and tcp port %u", remote->port);
    for (size_t i = 0; i < n; i++)
        text_printf(t, "%stcp port %u", i != 0 ? " or " : " and (", locals[i].port);
    text_printf(t, "%s) or (dst host %s and (", n > 0 ? ")" : "", ours);
    if (v4) {
        text_printf(t,
                    "icmp[0] == 3 or icmp[0] == 11 or icmp[0] == 12 or "
                    "(src host %s and proto 6 and ip[6:2] & 0x3fff != 0)))",
                    theirs);
        return;
    }
    text_printf(t, "(icmp6 and ip6[40] < 128)");
    for (size_t i = 0; i < IP_EXTENSIONS; i++)
        text_printf(t, " or ip6[6] == %u", ip_extensions[i]);
    text_printf(t, "))");
}
