/* sim_seal.h — telegrams with a key: opened when a file holds them encrypted, sealed anew for every answer (mode 5).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SIM_SIM_SEAL_H
#define TESTS_SIM_SIM_SEAL_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/base/wr.h"
#include "protocols/codec/mbus/frame.h"

enum { SIM_KEY_LEN = 16 };

/* Writes the frame with its payload in clear and its configuration word 0. A frame that is in clear already passes.
 * ERR_UNSUPPORTED: no long header, or another security mode than 5; ERR_NO_KEY: the key does not open it. */
MUST_USE enum err sim_open(struct wr *w, const struct frame *f, const uint8_t key[static SIM_KEY_LEN],
                           struct err_at *at);

/* The reverse: payload behind two check bytes, filled up, encrypted under the frame's own address and access number.
 * ERR_TOO_BIG: more than 15 blocks. */
MUST_USE enum err sim_seal(struct wr *w, const struct frame *f, const uint8_t key[static SIM_KEY_LEN],
                           struct err_at *at);

#endif
