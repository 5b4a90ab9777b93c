/* Very many targets at once, or a few again and again: takes them from a supply, sends each its SYN
 * at the pace, hands what comes back to its flow, resets what is half open, and tells how each
 * ended. Like talks.h it knows neither sockets nor clocks, so a simulation can stand in. */
#ifndef TCPSHAKE_MEASURE_SURVEY_SURVEY_H
#define TCPSHAKE_MEASURE_SURVEY_SURVEY_H

#include "measure/measure.h"
#include "measure/survey/flow_store.h"
#include "talk/talks.h"

enum {
    SURVEY_BATCH_MAX = 256,
    SURVEY_PORTS_MAX = 64,
    SURVEY_STRAYS = 256
};

/* One packet for the link to make and send. */
struct survey_packet {
    bool syn; /* else a reset */
    struct endpoint local, remote;
    seq_t seq;
    uint32_t ts_val;
};

enum survey_sending {
    SURVEY_TAKEN,
    SURVEY_NO_WAY,  /* there is no route to it, or none that we can use */
    SURVEY_NO_ROOM, /* the kernel takes nothing more now, though it was waited for */
};

/* Where packets go. */
struct survey_link {
    enum survey_sending (*send)(void *arg, const struct survey_packet *p);
    /* The same with a packet that is there, IP header onward. */
    enum survey_sending (*send_whole)(void *arg, const struct in6_addr *remote, const uint8_t *ip,
                                      size_t n);
    /* What was taken goes out: how many have left (the others stay, first in line), and between
     * which two moments. `*full`: the kernel has no room for more now. */
    enum status (*flush)(void *arg, unsigned *left, int64_t *from_ns, int64_t *to_ns, bool *full,
                         struct fault *fault);
    void *arg;
    unsigned batch; /* how many packets at a time, at most SURVEY_BATCH_MAX */
    bool watched;   /* segments are seen leaving: survey_packet_seen is told of them too */
};

struct survey_target {
    uint32_t session;
    uint32_t number; /* of this target's probes */
    struct endpoint at;
    const char *name;    /* as written, where it is a name; kept by the survey */
    const char *trouble; /* it cannot be probed: why; static or kept */
};

enum survey_supply {
    SURVEY_NEXT,
    SURVEY_LATER, /* not before `*at_ns`, or until survey_wake */
    SURVEY_NO_MORE,
};

/* How a target's probe ended. Everything is alive during the call only. */
struct survey_end {
    uint32_t session;
    const struct facts *facts;
    const struct ping *ping; /* one of the three, or with `trouble` none */
    const struct series *series;
    const struct talk *exchange; /* whose probe reports it; no facts then */
    const char *name, *trouble;
    enum outcome outcome;
    int64_t t_ns;
    unsigned syns, segments_back;
    uint64_t octets_back;
};

struct survey_config {
    const char *command; /* the name of the probe; static */
    struct flow_rules rules;
    const struct talk_config *open; /* whole conversations, with this in each; NULL: flows */
    const struct measure *probe;    /* what they do: a MEASURE_TALK */
    struct hash_key key;
    bool repeatable;           /* the clock stays out of the ISN */
    uint64_t rate;             /* packets a second, SYNs and resets */
    uint32_t window;           /* flows at once */
    struct in6_addr source[2]; /* of IPv4, of IPv6 */
    uint16_t mss[2], fits[2];  /* for whole handshakes: struct talk_config */
    const uint16_t *ports;     /* ours, taken in turns; at most SURVEY_PORTS_MAX */
    unsigned port_count;
    struct survey_link link;
    enum survey_supply (*supply)(void *arg, int64_t now_ns, struct survey_target *t,
                                 int64_t *at_ns);
    void (*ended)(void *arg, const struct survey_end *e);
    void *arg;
};

struct survey_counts {
    uint64_t syns, resets, segments_back, octets_back;
    uint64_t answered; /* targets, whether they have ended or not */
    uint64_t ended, outcomes[OUTCOME_INTERRUPTED + 1], troubled;
    uint64_t strays;         /* segments to our ports that belong to nothing that is asked */
    uint64_t full;           /* times the kernel had no room */
    uint64_t window_full;    /* times a target had to wait for another to end */
    uint64_t dropped;        /* by the capture */
    uint64_t unsent_dropped; /* packets of ours that the interface took and lost */
    uint64_t unsent;         /* resets given up, at the end or for want of a way */
};

struct survey {
    struct survey_config config;
    struct flow_store store;
    struct pace pace;
    struct talks talks; /* whole handshakes */
    struct survey_counts counts;
    uint32_t in_flight;                 /* flows, from their SYN to their end */
    uint32_t resets_first, resets_last; /* list of those to be reset, by flow.next */
    uint32_t resets_waiting;
    struct survey_stray {
        struct endpoint remote;
        uint16_t local;
        seq_t seq;
    } strays[SURVEY_STRAYS]; /* to be reset, as by a closed port */
    unsigned stray_first, stray_count;
    struct {
        uint32_t cell; /* 0: a reset */
        uint32_t iss;
    } batch[SURVEY_BATCH_MAX + 1]; /* whose packets the link has, in order */
    unsigned batch_count;
    int64_t flushed_ns;   /* when the last of those that left was gone */
    struct series series; /* the one that is told */
    int64_t supply_at;    /* when to ask the supply again */
    bool no_more, stopping, window_was_full;
};

/* Release with survey_done, also after a failure. */
enum status survey_init(struct survey *s, const struct survey_config *config, int64_t now_ns,
                        struct fault *fault);
void survey_done(struct survey *s);

/* A captured packet, IP header onward. */
void survey_packet_seen(struct survey *s, const uint8_t *ip, size_t n, int64_t t_ns);
/* The capture has lost `total` packets so far. */
void survey_lost_packets(struct survey *s, uint64_t total, int64_t now_ns);
/* The interface has taken `total` of ours so far that it did not send. */
void survey_unsent_packets(struct survey *s, uint64_t total, int64_t now_ns);
/* The supply may have something again. */
void survey_wake(struct survey *s);
/* Ends what is due, sends what may be sent. */
enum status survey_tick(struct survey *s, int64_t now_ns, struct fault *fault);
/* When survey_tick wants to be called next. */
int64_t survey_next(const struct survey *s);
/* No more targets; what is open is reset and told as interrupted. A second call gives up the resets
 * that still wait. */
void survey_stop(struct survey *s, int64_t now_ns);
/* Everything has ended and nothing is left to send. */
bool survey_over(const struct survey *s);

/* What a survey is asked for. */
struct survey_asked {
    const struct measure *probe;
    const char *ports; /* as typed; NULL: none */
    const char *file, *exclude_file;
    const char *resume; /* records go there, and those that are there count; NULL */
    uint64_t rate, window;
    bool has_window;
    struct survey_shard {
        uint64_t k, n; /* k from 1; 0: not given */
    } shard;
    uint64_t shards; /* k from the environment; 0: not given */
    bool special, strict, answers, settle, csv, authorised, summarise, outliers;
    int64_t listen_ns;
    int64_t spacing_ns, spacing_net_ns; /* 0: none */
};

extern const struct measure survey_measure;

/* From here on within this folder. What leaves a survey: survey_out.c. */

/* Counts how one target ended, and reports it. */
void survey_out_tell(struct survey *s, const struct survey_end *e);
/* Our end towards a peer. */
struct endpoint survey_out_local(const struct survey *s, const struct in6_addr *peer,
                                 uint16_t port);
/* Queues <SEQ=SEG.ACK><CTL=RST> for a segment that belongs to no target. */
void survey_out_refuse(struct survey *s, const struct segment *seg);
/* Hands the link a reset; whether it took it. */
bool survey_out_send_reset(struct survey *s, const struct endpoint *remote, uint16_t local,
                           seq_t seq);

/* Targets that are flows: survey_flow.c. _begin: NULL, or why the target cannot be probed; the
 * lower half of `hash`, of the four-tuple, is in the ISN already. _received: whether it is of one
 * of them. _reset sends the first of the resets that wait. */
const char *survey_flow_begin(struct survey *s, const struct survey_target *t,
                              const struct endpoint *local, uint32_t iss, uint64_t hash,
                              int64_t now_ns);
bool survey_flow_received(struct survey *s, const struct segment *seg, size_t octets, int64_t t_ns);
void survey_flow_left(struct survey *s, const struct segment *seg, int64_t t_ns);
void survey_flow_unreachable(struct survey *s, const struct icmp_error *e, int64_t t_ns);
void survey_flow_turn(struct survey *s, int64_t now_ns);
bool survey_flow_reset(struct survey *s);
void survey_flow_stop(struct survey *s, int64_t now_ns);
void survey_flow_give_up(struct survey *s);

/* Targets that are whole conversations: survey_whole.c. _ended: one that has, and how; the caller
 * drops it; NULL: none. */
const char *survey_whole_begin(struct survey *s, const struct survey_target *t,
                               const struct endpoint *local, uint32_t iss, uint64_t hash,
                               int64_t now_ns);
bool survey_whole_received(struct survey *s, const struct segment *seg, int64_t t_ns);
struct talks_entry *survey_whole_ended(struct survey *s, struct survey_end *end);
void survey_whole_drop(struct survey *s, struct talks_entry *e);

#endif
