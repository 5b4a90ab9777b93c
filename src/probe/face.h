/* The four faces that a listener whose accept queue is full shows to the one who calls: RFC 4987
 * and RFC 9293 leave open what is done with a third segment that cannot be taken in. */
#ifndef TCPSHAKE_PROBE_FACE_H
#define TCPSHAKE_PROBE_FACE_H

enum face {
    FACE_NONE,             /* it was taken in, or nothing was tried */
    FACE_NO_SYN_ACK,       /* the SYN is dropped */
    FACE_SYN_ACK_REPEATED, /* the entry stays half-open: the SYN,ACK comes again and again */
    FACE_SILENCE,          /* there was no entry, but a cookie: nothing is left that could speak */
    FACE_RESET,            /* tcp_abort_on_overflow */
    FACE_COUNT
};

/* "no-syn-ack"; static. */
const char *face_word(enum face f);
/* "no SYN-ACK at all"; static. */
const char *face_name(enum face f);
/* The reverse of face_word; FACE_COUNT when it is none. */
enum face face_from_word(const char *word);

#endif
