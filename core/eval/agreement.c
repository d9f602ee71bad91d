/* How far two people agree beyond chance (Cohen, "A coefficient of agreement for nominal scales",
 * Educational and Psychological Measurement 20, 1960). */
#include "gaclip/eval.h"

static int is_undefined(GaclipAgreement *out, const char *reason)
{
    out->is_defined = 0;
    out->reason = reason;
    return GACLIP_OK;
}

int gaclip_eval_agreement(GaclipAgreement *out, const int *first, const int *second, int count,
                          int categories, GaclipError *err)
{
    double chance = 0;
    *out = (GaclipAgreement){.count = count};
    if (count < 0 || categories < 1)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "%d judgements in %d categories: give some of both", count,
                                categories);
    for (int i = 0; i < count; i++) {
        if (first[i] < 0 || second[i] < 0 || first[i] >= categories || second[i] >= categories)
            return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                    "judgement %d is not in one of the %d categories", i,
                                    categories);
        out->agreed += first[i] == second[i];
    }
    if (count == 0) return is_undefined(out, "nothing was judged by both");
    for (int c = 0; c < categories; c++) {
        double by_first = 0, by_second = 0;
        for (int i = 0; i < count; i++) {
            by_first += first[i] == c;
            by_second += second[i] == c;
        }
        chance += by_first / count * (by_second / count);
    }
    if (chance >= 1) return is_undefined(out, "both gave the same judgement throughout");
    out->is_defined = 1;
    out->kappa = ((double)out->agreed / count - chance) / (1 - chance);
    return GACLIP_OK;
}
