/* Dumps of routes and rules by rtnetlink(7), each table laid flat as a table of prefixes: see
 * fib.h. */
#include "net/fib.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netlink/route/route.h>
#include <stdlib.h>
#include <string.h>

#include "net/netlink.h"
#include "wire/address.h"
#include "wire/prefixes.h"

/* In the order in which they are asked. */
enum table {
    TABLE_LOCAL,
    TABLE_MAIN,
    TABLE_DEFAULT,
    TABLES
};

enum {
    LOOPBACK_IFINDEX = 1, /* in every network namespace */
    FAMILIES = 2,         /* IPv4, IPv6 */
    READ_TRIES = 5,
    MAPPED_BITS = 96, /* in front of a mapped IPv4 address */
};

struct hop {
    struct fib_way way;
    bool usable;
    bool elsewhere; /* type throw: the next table is to be asked */
};

struct fib {
    struct prefixes tables[FAMILIES][TABLES];
    struct hop *hops; /* by the prefixes' values */
    size_t count, room;
    bool has_rules;
};

/* Where a dump is read to. */
struct reader {
    struct fib *fib;
    struct nl_sock *asking; /* for what turns up while the other socket is busy with the dump */
    struct {
        unsigned ifindex;
        bool usable;
    } last; /* the interface looked at last: most routes have few */
    enum status status;
    struct fault *fault;
};

static bool usable_interface(struct reader *r, unsigned ifindex)
{
    struct netlink_link link;
    if (ifindex != r->last.ifindex) {
        r->last.ifindex = ifindex;
        r->last.usable =
            netlink_ask_link(r->asking, ifindex, &link) == 0 && link.up && link.carrier;
    }
    return r->last.usable;
}

static bool address_of(const struct nl_addr *a, struct in6_addr *ip)
{
    return a != NULL && netlink_get_address(nl_addr_get_binary_addr(a), nl_addr_get_len(a), ip);
}

static struct rtnl_nexthop *first_hop(struct rtnl_route *route)
{
    for (int i = 0; i < rtnl_route_get_nnexthops(route); i++) {
        struct rtnl_nexthop *n = rtnl_route_nexthop_n(route, i);
        if ((rtnl_route_nh_get_flags(n) & RTNH_F_DEAD) == 0)
            return n;
    }
    return NULL;
}

static struct hop hop_of(struct reader *r, struct rtnl_route *route)
{
    struct hop h = {.elsewhere = rtnl_route_get_type(route) == RTN_THROW};
    struct rtnl_nexthop *n = first_hop(route);
    unsigned char type = rtnl_route_get_type(route);
    if (n == NULL || (type != RTN_UNICAST && type != RTN_LOCAL))
        return h;
    h.way.local = type == RTN_LOCAL;
    /* Our own addresses are behind lo, whatever interface has them, and if that is down. */
    h.way.ifindex = h.way.local ? LOOPBACK_IFINDEX : (unsigned)rtnl_route_nh_get_ifindex(n);
    h.usable = usable_interface(r, h.way.ifindex);
    if (h.way.local)
        return h;
    h.way.has_gateway = address_of(rtnl_route_nh_get_gateway(n), &h.way.gateway) ||
                        address_of(rtnl_route_nh_get_via(n), &h.way.gateway);
    h.way.on_link = !h.way.has_gateway;
    return h;
}

static enum status add_hop(struct fib *f, const struct hop *h, struct fault *fault)
{
    if (f->count == f->room) {
        size_t room = f->room != 0 ? 2 * f->room : 64;
        struct hop *hops = reallocarray(f->hops, room, sizeof(*hops));
        if (hops == NULL)
            return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        f->hops = hops;
        f->room = room;
    }
    f->hops[f->count++] = *h;
    return STATUS_OK;
}

static bool table_of(struct rtnl_route *route, enum table *table)
{
    switch (rtnl_route_get_table(route)) {
    case RT_TABLE_LOCAL:
        *table = TABLE_LOCAL;
        return true;
    case RT_TABLE_MAIN:
        *table = TABLE_MAIN;
        return true;
    case RT_TABLE_DEFAULT:
        *table = TABLE_DEFAULT;
        return true;
    default:
        return false;
    }
}

static enum status add_route(struct reader *r, struct rtnl_route *route)
{
    enum table table;
    int family = rtnl_route_get_family(route);
    const struct nl_addr *dst = rtnl_route_get_dst(route), *src = rtnl_route_get_src(route);
    bool v4 = family == AF_INET;
    if ((!v4 && family != AF_INET6) || !table_of(route, &table) ||
        (rtnl_route_get_flags(route) & RTM_F_CLONED) != 0)
        return STATUS_OK;
    if (rtnl_route_get_tos(route) != 0 || (src != NULL && nl_addr_get_prefixlen(src) != 0)) {
        r->fib->has_rules = true;
        return STATUS_OK;
    }
    struct prefix p = {.metric = rtnl_route_get_priority(route), .value = (uint32_t)r->fib->count};
    if (v4)
        p.ip = address_from_v4((const uint8_t[4]){0});
    if (dst != NULL && nl_addr_get_len(dst) != 0 && !address_of(dst, &p.ip))
        return fault_set(r->fault, STATUS_SYSTEM, "routing table: an address of %u octets",
                         nl_addr_get_len(dst));
    p.bits = (dst != NULL ? nl_addr_get_prefixlen(dst) : 0) + (v4 ? MAPPED_BITS : 0);
    struct hop h = hop_of(r, route);
    enum status s = add_hop(r->fib, &h, r->fault);
    return s == STATUS_OK ? prefixes_add(&r->fib->tables[v4 ? 0 : 1][table], &p, r->fault) : s;
}

static int on_route(struct nl_msg *m, void *arg)
{
    struct reader *r = arg;
    struct rtnl_route *route = NULL;
    if (r->status != STATUS_OK || nlmsg_hdr(m)->nlmsg_type != RTM_NEWROUTE)
        return NL_OK; /* the rest of the dump still has to be read */
    int error = rtnl_route_parse(nlmsg_hdr(m), &route);
    if (error < 0) {
        r->status = fault_set(r->fault, STATUS_SYSTEM, "routing table: %s", nl_geterror(error));
        return NL_OK;
    }
    r->status = add_route(r, route);
    rtnl_route_put(route);
    return NL_OK;
}

/* Whether a rule of this priority and table, and nothing else to it, is always there. */
static bool is_usual(const struct fib_rule_hdr *head, struct nlattr *at[FRA_MAX + 1])
{
    uint32_t priority = netlink_u32(at[FRA_PRIORITY]);
    uint32_t table = at[FRA_TABLE] != NULL ? netlink_u32(at[FRA_TABLE]) : head->table;
    for (int i = 0; i <= FRA_MAX; i++) {
        bool tells_nothing = i == FRA_PRIORITY || i == FRA_TABLE || i == FRA_PROTOCOL ||
                             i == FRA_PAD ||
                             (i == FRA_SUPPRESS_PREFIXLEN && netlink_u32(at[i]) == UINT32_MAX);
        if (at[i] != NULL && !tells_nothing)
            return false;
    }
    return head->action == FR_ACT_TO_TBL && head->dst_len == 0 && head->src_len == 0 &&
           head->tos == 0 && (head->flags & FIB_RULE_INVERT) == 0 &&
           ((priority == 0 && table == RT_TABLE_LOCAL) ||
            (priority == 32766 && table == RT_TABLE_MAIN) ||
            (priority == 32767 && table == RT_TABLE_DEFAULT));
}

static int on_rule(struct nl_msg *m, void *arg)
{
    const struct reader *r = arg;
    struct nlattr *at[FRA_MAX + 1];
    struct fib_rule_hdr head;
    struct nlmsghdr *h = nlmsg_hdr(m);
    if (h->nlmsg_type != RTM_NEWRULE || nlmsg_parse(h, sizeof(head), at, FRA_MAX, NULL) != 0)
        return NL_OK;
    memcpy(&head, nlmsg_data(h), sizeof(head));
    if ((head.family == AF_INET || head.family == AF_INET6) && !is_usual(&head, at))
        r->fib->has_rules = true;
    return NL_OK;
}

/* `*changed`: the tables changed meanwhile, and what was read is not one whole. */
static enum status dump(struct reader *r, int type, int (*on_message)(struct nl_msg *, void *),
                        bool *changed)
{
    struct nl_sock *sk = netlink_open(r->fault);
    if (sk == NULL)
        return STATUS_SYSTEM;
    int error = nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, on_message, r);
    if (error == 0)
        error = nl_rtgen_request(sk, type, AF_UNSPEC, NLM_F_DUMP);
    if (error >= 0)
        error = nl_recvmsgs_default(sk);
    nl_socket_free(sk);
    *changed = error == -NLE_DUMP_INTR;
    if (error < 0 && !*changed)
        return fault_set(r->fault, STATUS_SYSTEM, "routing table: %s", nl_geterror(error));
    return r->status;
}

static void forget(struct fib *f)
{
    for (size_t i = 0; i < FAMILIES; i++) {
        for (size_t k = 0; k < TABLES; k++)
            prefixes_done(&f->tables[i][k]);
    }
    f->count = 0;
    f->has_rules = false;
}

static enum status read_tables(struct reader *r)
{
    bool changed = true;
    enum status s = STATUS_OK;
    for (int i = 0; i < READ_TRIES && changed && s == STATUS_OK; i++) {
        forget(r->fib);
        s = dump(r, RTM_GETROUTE, on_route, &changed);
        if (s == STATUS_OK && !changed)
            s = dump(r, RTM_GETRULE, on_rule, &changed);
    }
    if (s == STATUS_OK && changed)
        s = fault_set(r->fault, STATUS_SYSTEM, "the routing table does not stay the same");
    return s;
}

static enum status flatten(struct fib *f, struct fault *fault)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; i < FAMILIES; i++) {
        for (size_t k = 0; k < TABLES && s == STATUS_OK; k++)
            s = prefixes_flatten(&f->tables[i][k], fault);
    }
    return s;
}

struct fib *fib_open(struct fault *fault)
{
    struct fib *f = fault_alloc(sizeof(*f), fault);
    if (f == NULL)
        return NULL;
    struct reader r = {.fib = f, .asking = netlink_open(fault), .fault = fault};
    bool done = r.asking != NULL && read_tables(&r) == STATUS_OK && flatten(f, fault) == STATUS_OK;
    nl_socket_free(r.asking);
    if (!done) {
        fib_free(f);
        return NULL;
    }
    return f;
}

void fib_free(struct fib *f)
{
    if (f == NULL)
        return;
    forget(f);
    free(f->hops);
    free(f);
}

/* The kernel answers these whatever the tables say, or another way than with a host's. */
static bool is_one_host(const struct in6_addr *ip, bool v4)
{
    const uint8_t *octets = address_v4_octets(ip);
    if (v4)
        return octets[0] != 0 && (octets[0] < 224 || octets[0] >= 240) &&
               memcmp(octets, "\xff\xff\xff\xff", 4) != 0;
    return !IN6_IS_ADDR_MULTICAST(ip) && !IN6_IS_ADDR_UNSPECIFIED(ip) && !IN6_IS_ADDR_LINKLOCAL(ip);
}

bool fib_find(const struct fib *f, const struct in6_addr *target, struct fib_way *out)
{
    bool v4 = address_is_v4(target);
    if (!is_one_host(target, v4))
        return false;
    for (size_t i = 0; i < TABLES; i++) {
        uint32_t value = prefixes_find(&f->tables[v4 ? 0 : 1][i], target);
        if (value == PREFIXES_NONE || f->hops[value].elsewhere)
            continue;
        *out = f->hops[value].way;
        return f->hops[value].usable;
    }
    return false;
}

bool fib_has_rules(const struct fib *f)
{
    return f->has_rules;
}
