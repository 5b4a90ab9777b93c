/* The four faces that a listener whose accept queue is full shows to the one who calls: RFC 4987
 * and RFC 9293 leave open what is done with a third segment that cannot be taken in. */
#ifndef TCPSHAKE_MEASURE_BACKLOG_OVERFLOW_H
#define TCPSHAKE_MEASURE_BACKLOG_OVERFLOW_H

enum overflow {
    OVERFLOW_NONE,             /* it was taken in, or nothing was tried */
    OVERFLOW_NO_SYN_ACK,       /* the SYN is dropped */
    OVERFLOW_SYN_ACK_REPEATED, /* the entry stays half-open: the SYN,ACK comes again and again */
    OVERFLOW_SILENCE, /* there was no entry, but a cookie: nothing is left that could speak */
    OVERFLOW_RESET,   /* tcp_abort_on_overflow */
    OVERFLOW_COUNT
};

/* "no-syn-ack"; static. */
const char *overflow_word(enum overflow f);
/* "no SYN-ACK at all"; static. */
const char *overflow_name(enum overflow f);
/* The reverse of overflow_word; OVERFLOW_COUNT when it is none. */
enum overflow overflow_from_word(const char *word);

#endif
