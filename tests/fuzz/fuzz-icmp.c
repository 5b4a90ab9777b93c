/* The decoder of ICMP errors takes anything; what it accepts is an error about a TCP segment. */
#include "fuzz.h"

#include "wire/icmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct icmp_error e;
    struct fault fault = {""};
    enum status status = icmp_decode(&e, data, n, &fault);
    fuzz_require(status == STATUS_OK || status == STATUS_MALFORMED || status == STATUS_NOT_OURS);
    fuzz_require((status == STATUS_OK) == (fault.text[0] == '\0'));
    if (status != STATUS_OK)
        return 0;
    bool v4 = e.ip_version == 4;
    fuzz_require(v4 || e.ip_version == 6);
    fuzz_require(!v4 || (address_is_v4(&e.from) && address_is_v4(&e.src.ip)));
    fuzz_require(v4 ? e.type == 3 || e.type == 11 || e.type == 12 : e.type >= 1 && e.type <= 4);
    fuzz_require(e.mtu == 0 || (v4 ? e.type == 3 && e.code == 4 : e.type == 2));
    fuzz_require(icmp_describe(e.ip_version, e.type, e.code) != NULL);
    return 0;
}
