/* Leave-one-line-out training and evaluation of the text coder's mixing weights.
 *
 * A model is a set of contexts, each a list of (id, count) sorted by id. Word models list vocabulary ids,
 * character models list symbols. A decision narrows an id range; the masses of its two halves are the
 * model's evidence. The arithmetic here is floating point; the coder runs on the rounded weights.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MODELS 24
#define CONFIDENCES 24
#define MAX_LINE 4200

typedef struct {
    const int64_t *start;   /* contexts + 1: first entry of each context */
    const int32_t *ids;     /* entries: vocabulary id or symbol, ascending within a context */
    const int32_t *cum;     /* entries + 1: running sum of quantised counts */
    const int32_t *raw;     /* entries: counts as seen in training */
    const int32_t *context; /* events: context of each event, -1 for none */
    int32_t is_word;        /* 1: counts of words; 2: the word network, which has only ids */
    int32_t minimum;        /* smallest raw count an entry was kept for */
} Model;

typedef struct {
    int32_t models, vocabulary_size, symbols;
    int32_t net_words, net_width, net_exp_size;
    int32_t quantised_size;
    const Model *model;
    const int32_t *match_rank;       /* models: word models 1 to 4, character order k as -k, others 0 */
    const int32_t *vocabulary_start; /* vocabulary + 1: offsets into vocabulary_text */
    const uint8_t *vocabulary_text;
    const uint8_t *ends_token;       /* symbols: 1 for a space and for the end of the text */
    const uint8_t *split;            /* symbols x (symbols + 1): where the tree cuts [low, high) in two */
    const int32_t *quantised;        /* quantised value of each raw count below quantised_size */
    const int16_t *net_embedding;    /* net_words x net_width */
    const int32_t *net_bias, *net_exp;
    float *weight_position, *weight_order, *weight_style; /* sets x models x CONFIDENCES */
} Mixer;

typedef struct {
    const uint8_t *symbols;
    const int64_t *line_start;       /* lines + 1: first symbol of each line */
    const int64_t *token_line_start; /* lines + 1: first token of each line */
    const int32_t *tokens;           /* vocabulary id of each token, -1 when unknown */
    const int32_t *style;            /* symbols: style context */
    const int16_t *net_vector;       /* tokens x net_width: the network's projection before each token */
    int32_t held_in;                 /* 1: the lines are in the counts, subtract them before coding */
} Text;

static float ln_table[1 << 16];
static float ln_count(int n) {
    if (n < (1 << 16)) return ln_table[n];
    return logf((float)n + 0.3f);
}

static int confidence_of(int n0, int n1, int shift) {
    int n = (n0 + n1) >> shift, level = 0;
    while (n > 1 && level < 11) { n = (n + 1) >> 1; level++; }
    return level * 2 + (n0 == 0 || n1 == 0);
}

typedef struct { int32_t context, id, delta; } Own;

static int find_entry(const Model *m, int c, int id) {
    int64_t lo = m->start[c], hi = m->start[c + 1];
    while (lo < hi) {
        int64_t mid = (lo + hi) >> 1;
        if (m->ids[mid] < id) lo = mid + 1; else hi = mid;
    }
    return lo < m->start[c + 1] && m->ids[lo] == id ? (int)lo : -1;
}

static int64_t lower_bound(const int32_t *ids, int64_t lo, int64_t hi, int id) {
    while (lo < hi) {
        int64_t mid = (lo + hi) >> 1;
        if (ids[mid] < id) lo = mid + 1; else hi = mid;
    }
    return lo;
}

/* Sets cum[w] to the mass of the network's words before w; returns the shift for the confidence. */
static int net_masses(const Mixer *x, const int16_t *vector, int32_t *cum) {
    static int32_t logit[1 << 15];
    int32_t best = INT32_MIN;
    for (int w = 0; w < x->net_words; w++) {
        const int16_t *row = x->net_embedding + (size_t)w * x->net_width;
        int32_t sum = x->net_bias[w];
        for (int k = 0; k < x->net_width; k++) sum += (int32_t)row[k] * vector[k];
        logit[w] = sum;
        if (sum > best) best = sum;
    }
    int32_t total = 0;
    cum[0] = 0;
    for (int w = 0; w < x->net_words; w++) {
        int below = (best - logit[w]) >> 3;
        total += x->net_exp[below < x->net_exp_size ? below : x->net_exp_size - 1];
        cum[w + 1] = total;
    }
    int bits = 0;
    while (total >> bits) bits++;
    return bits > 12 ? bits - 12 : 0;
}

/* Codes the lines listed in `order`; returns total bits, writes bits per line, updates weights if rate > 0. */
double run_lines(Mixer *x, const Text *text, const int32_t *order, int32_t lines, double rate, double *bits_by_line) {
    static int32_t net_cum[1 << 15];
    int net_shift = 0;
    static Own own[MAX_MODELS][MAX_LINE];
    int own_count[MAX_MODELS];
    int64_t low[MAX_MODELS], high[MAX_MODELS];
    int local_count[MAX_MODELS];
    static Own local[MAX_MODELS][MAX_LINE];
    double total = 0;
    for (int n = 0; n < (1 << 16); n++) ln_table[n] = logf((float)n + 0.3f);
    for (int l = 0; l < lines; l++) {
        int line = order[l];
        int64_t s0 = text->line_start[line], s1 = text->line_start[line + 1];
        int64_t t0 = text->token_line_start[line], t1 = text->token_line_start[line + 1];
        double line_bits = 0;
        if (s1 - s0 > MAX_LINE - 2) continue;
        for (int m = 0; m < x->models; m++) {
            own_count[m] = 0;
            if (!text->held_in) continue;
            const Model *model = &x->model[m];
            if (model->is_word == 2) continue;
            int64_t e0 = model->is_word ? t0 : s0, e1 = model->is_word ? t1 : s1;
            for (int64_t e = e0; e < e1; e++) {
                int c = model->context[e];
                int id = model->is_word ? text->tokens[e] : text->symbols[e];
                if (c < 0 || id < 0) continue;
                int k;
                for (k = 0; k < own_count[m]; k++)
                    if (own[m][k].context == c && own[m][k].id == id) break;
                if (k == own_count[m]) {
                    own[m][k].context = c; own[m][k].id = id; own[m][k].delta = 0;
                    own_count[m]++;
                }
                own[m][k].delta++;
            }
            for (int k = 0; k < own_count[m]; k++) {
                int e = find_entry(model, own[m][k].context, own[m][k].id);
                if (e < 0) { own[m][k].delta = 0; continue; }
                int raw = model->raw[e], left = raw - own[m][k].delta;
                int q = model->cum[e + 1] - model->cum[e];
                if (left < model->minimum) own[m][k].delta = q;
                else own[m][k].delta = q - (left < x->quantised_size ? x->quantised[left] : q);
            }
        }
        int64_t token = t0;
        int position = 0; /* within the token */
        int v_low = 0, v_high = x->vocabulary_size;
        for (int64_t s = s0; s < s1; s++) {
            int symbol = text->symbols[s];
            int a = 0, b = x->symbols, depth = 0;
            for (int m = 0; m < x->models; m++) {
                const Model *model = &x->model[m];
                if (model->is_word && position > 0) continue;
                if (model->is_word == 2) {
                    net_shift = net_masses(x, text->net_vector + (size_t)token * x->net_width, net_cum);
                    local_count[m] = 0; low[m] = 0; high[m] = x->net_words;
                    continue;
                }
                int c = model->context[model->is_word ? token : s];
                local_count[m] = 0;
                if (c < 0) { low[m] = high[m] = 0; continue; }
                low[m] = model->start[c]; high[m] = model->start[c + 1];
                for (int k = 0; k < own_count[m]; k++)
                    if (own[m][k].context == c && own[m][k].delta) local[m][local_count[m]++] = own[m][k];
            }
            while (b - a > 1) {
                int split = x->split[a * (x->symbols + 1) + b];
                /* first vocabulary id whose symbol at `position` is >= split */
                int lo = v_low, hi = v_high;
                while (lo < hi) {
                    int mid = (lo + hi) >> 1;
                    if (x->vocabulary_text[x->vocabulary_start[mid] + position] < split) lo = mid + 1; else hi = mid;
                }
                int v_mid = lo;
                float stretch[MAX_MODELS];
                int conf[MAX_MODELS];
                int64_t middle[MAX_MODELS];
                int match = 0, highest = 0;
                for (int m = 0; m < x->models; m++) {
                    const Model *model = &x->model[m];
                    if (low[m] == high[m]) { conf[m] = -1; middle[m] = low[m]; continue; }
                    int cut = model->is_word ? v_mid : split;
                    int64_t mid = lower_bound(model->ids, low[m], high[m], cut);
                    const int32_t *cum = model->is_word == 2 ? net_cum : model->cum;
                    int n0 = cum[mid] - cum[low[m]], n1 = cum[high[m]] - cum[mid];
                    int from = model->is_word ? v_low : a, to = model->is_word ? v_high : b;
                    for (int k = 0; k < local_count[m]; k++) {
                        int id = local[m][k].id;
                        if (id >= from && id < to) { if (id < cut) n0 -= local[m][k].delta; else n1 -= local[m][k].delta; }
                    }
                    middle[m] = mid;
                    if (n0 + n1 <= 0 && model->is_word != 2) { conf[m] = -1; continue; }
                    stretch[m] = ln_count(n1) - ln_count(n0);
                    conf[m] = confidence_of(n0, n1, model->is_word == 2 ? net_shift : 0);
                    int r = x->match_rank[m];
                    if (r > 0) { if (r > match) match = r; }
                    else if (-r > highest) highest = -r;
                }
                /* W0 speaks only where W1 is silent; of the character orders the three longest that know anything. */
                int word_knows = 0, orders = 0;
                for (int m = x->models - 1; m >= 0; m--) {
                    int r = x->match_rank[m];
                    if (r > 1 && conf[m] >= 0) word_knows = 1;
                    if (r == 1 && word_knows) conf[m] = -1;
                    if (r < 0 && conf[m] >= 0 && ++orders > 3) conf[m] = -1;
                }
                int set_a = (position < 5 ? position : 5) * 5 + match;
                int set_b = highest * 8 + (depth < 7 ? depth : 7);
                float *wa = x->weight_position + (size_t)set_a * x->models * CONFIDENCES;
                float *wb = x->weight_order + (size_t)set_b * x->models * CONFIDENCES;
                float *wc = x->weight_style + (size_t)(text->style[s] >> 3) * x->models * CONFIDENCES;
                float dot = 0;
                for (int m = 0; m < x->models; m++)
                    if (conf[m] >= 0) dot += stretch[m] * (wa[m * CONFIDENCES + conf[m]] + wb[m * CONFIDENCES + conf[m]] + wc[m * CONFIDENCES + conf[m]]);
                if (dot > 11.0f) dot = 11.0f;
                if (dot < -11.0f) dot = -11.0f;
                float p = 1.0f / (1.0f + expf(-dot));
                int bit = symbol >= split;
                line_bits -= log2(bit ? p : 1 - p);
                if (rate > 0) {
                    float step = (float)rate * (bit - p);
                    for (int m = 0; m < x->models; m++)
                        if (conf[m] >= 0) {
                            wa[m * CONFIDENCES + conf[m]] += step * stretch[m];
                            wb[m * CONFIDENCES + conf[m]] += step * stretch[m];
                            wc[m * CONFIDENCES + conf[m]] += step * stretch[m];
                        }
                }
                if (bit) { a = split; v_low = v_mid; } else { b = split; v_high = v_mid; }
                for (int m = 0; m < x->models; m++) { if (bit) low[m] = middle[m]; else high[m] = middle[m]; }
                depth++;
            }
            position++;
            if (x->ends_token[symbol]) { token++; position = 0; v_low = 0; v_high = x->vocabulary_size; }
        }
        total += line_bits;
        if (bits_by_line) bits_by_line[line] = line_bits;
    }
    return total;
}
