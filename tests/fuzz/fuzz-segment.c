/* The segment decoder takes anything; what it accepts lies within what it was given. */
#include "fuzz.h"

#include <string.h>

#include "wire/segment.h"

static void check_decoded(const struct segment *s, const uint8_t *data, size_t n)
{
    fuzz_require(s->ip_version == 4 || s->ip_version == 6);
    fuzz_require(s->ip_version == 6 || (address_is_v4(&s->src.ip) && address_is_v4(&s->dst.ip)));
    fuzz_require(s->raw == data && s->raw_len <= n);
    fuzz_require(s->tcp_off + 20 + s->opt.raw_len == s->data_off);
    fuzz_require(s->data_off <= s->raw_len);
    fuzz_require(s->raw_len - s->data_off <= s->len);
    fuzz_require((s->flags & ~FLAG_ALL) == 0);
    fuzz_require(s->checksum == SEGMENT_CHECKSUM_UNKNOWN || s->raw_len - s->data_off == s->len);
    fuzz_require(segment_seq_len(s) - s->len <= 2);
}

static void check_texts(const struct segment *s)
{
    char endpoint[ENDPOINT_TEXT_MAX], flags[FLAGS_TEXT_MAX], options[256];
    uint16_t back;
    fuzz_require(strlen(endpoint_format(&s->src, endpoint)) < sizeof(endpoint));
    fuzz_require(strlen(options_format(&s->opt, options, sizeof(options))) > 0);
    fuzz_require(flags_parse(flags_format(s->flags, flags), &back) && back == s->flags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct segment s;
    struct fault fault = {""};
    enum status status = segment_decode(&s, data, n, &fault);
    fuzz_require(status == STATUS_OK || status == STATUS_MALFORMED || status == STATUS_NOT_OURS);
    fuzz_require((status == STATUS_OK) == (fault.text[0] == '\0'));
    if (status == STATUS_OK) {
        check_decoded(&s, data, n);
        check_texts(&s);
    }
    return 0;
}
