/* The twelve flag bits of a TCP header: four reserved of which one is spoken for, eight control
 * bits (RFC 9293 3.1). */
#ifndef TCPSHAKE_WIRE_FLAGS_H
#define TCPSHAKE_WIRE_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FLAG_FIN = 0x001,
    FLAG_SYN = 0x002,
    FLAG_RST = 0x004,
    FLAG_PSH = 0x008,
    FLAG_ACK = 0x010,
    FLAG_URG = 0x020,
    FLAG_ECE = 0x040,
    FLAG_CWR = 0x080,
    FLAG_AE = 0x100, /* Accurate ECN, RFC 9768; formerly NS */
    FLAG_RES1 = 0x200,
    FLAG_RES2 = 0x400,
    FLAG_RES3 = 0x800,
    FLAG_ALL = 0xfff,
};

enum {
    FLAGS_TEXT_MAX = 64
};

/* "SYN,ACK" in the order the RFC's figures write them (SYN FIN RST PSH ACK URG ...), "" for none.
 * Returns `out`. */
char *flags_format(uint16_t flags, char out[FLAGS_TEXT_MAX]);

/* The reverse; any order, case does not matter. False for a word that is no flag. */
bool flags_parse(const char *text, uint16_t *flags);

#endif
