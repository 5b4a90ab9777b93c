/* TCP options: decoded, kept raw, and laid out in the order that a given stack uses
 * (RFC 9293 3.2, RFC 7323, RFC 2018, RFC 7413). */
#ifndef TCPSHAKE_WIRE_OPTIONS_H
#define TCPSHAKE_WIRE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "wire/seq.h"

enum {
    OPTIONS_MAX = 40,
    OPTIONS_SACK_MAX = 4
};

struct options {
    bool has_mss, has_wscale, sack_permitted, has_timestamps, has_fastopen;
    bool malformed; /* a length impossible at all or for its kind: what stood before it is decoded,
                       the rest is not */
    uint16_t mss;
    uint8_t wscale; /* shift count as sent; RFC 7323 2.3 says to use at most 14 */
    uint32_t ts_val, ts_ecr;
    uint8_t sack_count;
    struct {
        seq_t left, right;
    } sack[OPTIONS_SACK_MAX];
    uint8_t raw_len;
    uint8_t raw[OPTIONS_MAX]; /* as on the wire, padding included */
};

/* Never fails and reads nothing beyond `n` (at most OPTIONS_MAX): a peer's nonsense is data. */
void options_parse(struct options *o, const uint8_t *data, size_t n);

/* Where in `raw` the value of TSval stands that options_parse reads from it; false: in none. */
bool options_ts_val(const struct options *o, size_t *at);

/* Fills raw/raw_len from the decoded fields in the order of `layout`, a string of
 * M (MSS) W (window scale) S (SACK permitted) T (timestamps) N (no-operation) E (end of list);
 * an option whose `has_` is false is left out together with nothing else; the end is padded with
 * end-of-list octets to a multiple of four. SYNs look like "MSTNW" (Linux), "MNWNNS" (Windows),
 * "MNWST" (FreeBSD) or "M" (the barest); after the handshake timestamps travel as "NNT" (RFC 7323
 * appendix A). SACK blocks and Fast Open have no letter. STATUS_MALFORMED, and raw as it was, when
 * it does not fit 40 octets or a letter is unknown. */
enum status options_build(struct options *o, const char *layout, struct fault *fault);

/* For people: "mss 1460, sackOK, ts 12 0, ws 7", "none". Returns `out`. */
char *options_format(const struct options *o, char *out, size_t cap);

#endif
