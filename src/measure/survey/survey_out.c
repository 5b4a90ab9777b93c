/* What leaves a survey, from either kind of target: resets, and how a target ended. See
 * survey.h. */
#include "measure/survey/survey.h"

struct endpoint survey_out_local(const struct survey *s, const struct in6_addr *peer, uint16_t port)
{
    return (struct endpoint){s->config.source[address_is_v4(peer) ? 0 : 1], port};
}

void survey_out_tell(struct survey *s, const struct survey_end *e)
{
    s->counts.ended++;
    if (e->trouble != NULL)
        s->counts.troubled++;
    else
        s->counts.outcomes[e->outcome]++;
    s->config.ended(s->config.arg, e);
}

bool survey_out_send_reset(struct survey *s, const struct endpoint *remote, uint16_t local,
                           seq_t seq)
{
    const struct survey_packet p = {
        .local = survey_out_local(s, &remote->ip, local), .remote = *remote, .seq = seq};
    bool taken = s->config.link.send(s->config.link.arg, &p) == SURVEY_TAKEN;
    s->counts.resets += taken;
    s->counts.unsent += !taken;
    return taken;
}

/* <SEQ=SEG.ACK><CTL=RST>, as from a closed port (RFC 9293 3.10.7.1) and in SYN-SENT (3.10.7.3). */
void survey_out_refuse(struct survey *s, const struct segment *seg)
{
    if (seg->checksum == SEGMENT_CHECKSUM_BAD || s->stray_count == SURVEY_STRAYS)
        return;
    s->strays[(s->stray_first + s->stray_count++) % SURVEY_STRAYS] =
        (struct survey_stray){seg->src, seg->dst.port, seg->ack};
}
