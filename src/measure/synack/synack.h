/* `synack`: one SYN, never an ACK, and the schedule on which the peer repeats its SYN,ACK. */
#ifndef TCPSHAKE_MEASURE_SYNACK_SYNACK_H
#define TCPSHAKE_MEASURE_SYNACK_SYNACK_H

#include "measure/measure.h"
#include "measure/synack/series.h"
#include "talk/talk.h"

/* The probe's state. The caller zeroes it and fills in the first part. */
struct synack {
    int64_t reply_wait_ns; /* for the first SYN,ACK */
    int64_t listen_ns;     /* after the first SYN,ACK, at the most */
    bool settles;          /* listens until three losses in a row are ruled out */

    int64_t sent_ns; /* when our SYN left; 0: nobody saw it */
    struct series series;
};

extern const struct measure synack_measure;

#endif
