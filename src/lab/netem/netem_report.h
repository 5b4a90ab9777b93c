/* What the wire's process tells ours: one message for each packet that a rule has hit, or that
 * it could not carry. Pure; both ends are one program, so a message is the struct itself. */
#ifndef TCPSHAKE_LAB_NETEM_NETEM_REPORT_H
#define TCPSHAKE_LAB_NETEM_NETEM_REPORT_H

#include "lab/netem/netem_look.h"
#include "lab/netem/netem_rule.h"

enum netem_event {
    NETEM_EVENT_RULE,    /* a rule, `rule`, has hit a packet */
    NETEM_EVENT_FULL,    /* there was no room for it to wait, and it is lost */
    NETEM_EVENT_MISSED,  /* the wire has not seen `count` packets in all: they came too fast */
    NETEM_EVENT_REFUSED, /* the interface did not take it, and it is lost */
    NETEM_EVENT_BROKE,   /* `text` says why the wire has ended */
};

struct netem_report {
    enum netem_event event;
    enum end way;
    int64_t t_ns; /* the kernel's stamp of the packet */
    uint32_t rule;
    uint64_t count;
    bool segment;
    uint16_t flags;
    uint32_t len;
    char text[FAULT_TEXT_MAX]; /* of BROKE: the last, so that other messages do without it */
};

/* A line for people: "the wire: the peer's SYN,ACK is lost (--loss 20%)". Returns `out`. */
char *netem_report_format(const struct netem_report *r, const struct netem_rules *rules, char *out,
                          size_t cap);

#endif
