/* Calls a model through its generated header. Prints the message of each call that must be refused; exits with 1
 * where a result is wrong or something that must fail does not. */
#include "digits.h"
#include "strange.h"

#include <stdio.h>

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      printf("line %d: %s\n", __LINE__, #condition);                                                                   \
      return 1;                                                                                                        \
    }                                                                                                                  \
  } while (0)

static int refused(const char *what, quern_status status, const quern_message *message) {
  printf("%s: %s: %s\n", what, quern_status_name(status), message->text);
  return status != QUERN_OK;
}

int main(void) {
  quern_message message;
  quern_instance *net = NULL, *digits = NULL;
  strange_double_call call = {NULL}, none = {NULL};
  strange_double_inputs_call half = {NULL};
  strange_loss_call step = {NULL};
  float a[6] = {1, 2, 3, 4, 5, 6}, b[6] = {0, 0, 1, 1, 1, 1}, zero[6] = {0}, out[QUERN_STRANGE_DOUBLE_DOUBLE__COUNT(2, 2)];
  float target[4] = {0}, loss = -1, after = -1, w[6] = {1, 0, 0, 0, 1, 0};
  double pairs[4] = {1, 3, 5, 9}, means[2];
  const strange_double_inputs in = {a, b, zero, zero};
  const strange_double_outputs to = {out};
  const int64_t one[] = {1}, extents[] = {2, 3}, strides[] = {4, 8};
  const float *own;
  quern_call *raw = NULL;

  CHECK(strange_create(NULL, &message, &net) == QUERN_OK && digits_create(NULL, &message, &digits) == QUERN_OK);
  CHECK(quern_instance_write(net, "weight", QUERN_F32, sizeof w, w, &message) == QUERN_OK);
  CHECK(strange_double_create(net, 2, 2, &message, &call) == QUERN_OK);

  /* Each row doubled, but for its third number; into the caller's memory, then into the call's. */
  CHECK(strange_double(call, 2, 2, &in, &message, &to) == QUERN_OK);
  CHECK(out[0] == 2 && out[1] == 4 && out[2] == 8 && out[3] == 10 && out[4] == 0 && out[6] == 2);
  CHECK(strange_double_output_double(call) == out);
  CHECK(strange_double(call, 1, 2, &in, &message, NULL) == QUERN_OK);
  own = strange_double_output_double(call);
  CHECK(own && own != out && own[0] == 2 && own[1] == 4 && own[2] == 0);

  CHECK(strange_double_inputs_create(net, 4, &message, &half) == QUERN_OK);
  {
    const strange_double_inputs_inputs x = {pairs};
    const strange_double_inputs_outputs y = {means};
    CHECK(strange_double_inputs_(half, 4, &x, &message, &y) == QUERN_OK && means[0] == 2 && means[1] == 7);
  }

  CHECK(strange_loss_create(net, 2, &message, &step) == QUERN_OK);
  {
    const strange_loss_inputs x = {a, target};
    const strange_loss_outputs y = {&loss}, z = {&after};
    CHECK(strange_loss_set_weight(step, 1.0, &message) == QUERN_OK);
    CHECK(strange_loss_set_lr(step, 0.001, &message) == QUERN_OK);
    CHECK(strange_loss(step, 2, &x, &message, &y) == QUERN_OK && loss == (1 + 4 + 16 + 25) / 4.0f);
    CHECK(strange_loss(step, 2, &x, &message, &z) == QUERN_OK && after < loss && after > 0.5f * loss);
  }

  CHECK(refused("create", strange_double_create(digits, 2, 2, &message, &none), &message) && !none.handle);
  CHECK(refused("dims", quern_call_open(net, "double", one, 1, &message, &raw), &message) && !raw);
  CHECK(refused("size", strange_double(call, 3, 2, &in, &message, NULL), &message));
  {
    strange_double_inputs odd = in;
    strange_double_outputs off = to;
    odd.int_ = (const float *)(const void *)((const char *)a + 2);
    CHECK(refused("input", strange_double(call, 1, 1, &odd, &message, &to), &message));
    off.double_ = (float *)(void *)((char *)out + 1);
    CHECK(refused("output", strange_double(call, 1, 1, &in, &message, &off), &message));
  }
  {
    quern_array turned = {NULL, NULL, 2, QUERN_F32};
    const int64_t dense[] = {12, 4};
    turned.data = a;
    turned.extents = extents;
    CHECK(quern_array_check_strides(&turned, "int", dense, &message) == QUERN_OK);
    CHECK(refused("strides", quern_array_check_strides(&turned, "int", strides, &message), &message));
  }
  CHECK(strange_double(call, 2, 2, &in, &message, &to) == QUERN_OK && out[0] != 0);
  strange_double_destroy(call);
  strange_double_inputs_destroy(half);
  strange_loss_destroy(step);
  strange_loss_destroy((strange_loss_call){NULL});
  quern_instance_destroy(net);
  quern_instance_destroy(digits);
  puts("done");
  return 0;
}
