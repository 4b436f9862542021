// Powers and extremes of rows and columns in one walk. Part of kernels.inl.

/// What is left after the last whole vector, value by value.
template <Kind K>
void moments_tail(const std::byte* row, std::int64_t first, std::int64_t last, float shift, RowLanes& lanes,
                  const ColumnSums& columns) {
    for (std::int64_t c = first; c < last; ++c) {
        const float x = load_value<K>(row + c * size_of(K));
        const float d = x - shift, square = d * d;
        const float powers[4] = {d, square, square * d, square * square};
        for (int p = 0; p < 4; ++p) {
            lanes.sums[p][0] += powers[p];
            columns.sums[p][c] += powers[p];
        }
        if (x == 0) lanes.has_zero = true;
        if constexpr (K == Kind::f32) {
            if (x < lanes.low[0]) lanes.low[0] = x;
            if (x > lanes.high[0]) lanes.high[0] = x;
            if (x < columns.low[c]) columns.low[c] = x;
            if (x > columns.high[c]) columns.high[c] = x;
        } else {
            std::uint16_t u;
            __builtin_memcpy(&u, row + c * 2, 2);
            const auto s = static_cast<std::int16_t>(u);
            if (s > lanes.positive[0]) lanes.positive[0] = s;
            if (u > lanes.negative[0]) lanes.negative[0] = u;
            if (s > columns.positive[c]) columns.positive[c] = s;
            if (u > columns.negative[c]) columns.negative[c] = u;
        }
    }
}

/// Powers of one vector, added to a row's and to the columns' registers.
QUANTSCOPE_INLINE void add_powers(F x, F (&row)[4], F (&column)[4]) {
    const F square = x * x;
    row[0] += x, column[0] += x;
    row[1] += square, column[1] += square;
    row[2] = multiply_add(square, x, row[2]), column[2] = multiply_add(square, x, column[2]);
    row[3] = multiply_add(square, square, row[3]), column[3] = multiply_add(square, square, column[3]);
}

/// The powers of 2·L 16-bit values. bfloat16 gives the even and the odd ones, each by one operation; float16 the first
/// and the second half (see column_place).
template <Kind K, int Half>
QUANTSCOPE_INLINE F half_of(const std::byte* at) {
    if constexpr (K == Kind::f16) return from_float16(load<WH>(at + Half * 2 * L));
    else if constexpr (Half == 0) return (F)(load<U>(at) << 16);
    else return (F)(load<U>(at) & 0xffff0000u);
}

template <Kind K, int R, bool Shifted, int Half>
QUANTSCOPE_INLINE void add_half(const std::byte* const (&at)[R], F shift, F (&row)[R][4], float* const (&sums)[4]) {
    F column[4];
    for (int p = 0; p < 4; ++p) column[p] = load<F>(sums[p] + Half * L);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
        const F x = half_of<K, Half>(at[r]);
        add_powers(Shifted ? x - shift : x, row[r], column);
    }
    for (int p = 0; p < 4; ++p) store(sums[p] + Half * L, column[p]);
}

/// R rows' columns [first, last). `ahead` are the rows whose turn comes next.
template <Kind K, int R, bool Shifted>
void moments_of(const std::byte* const* rows, const std::byte* const* ahead, std::int64_t first, std::int64_t last,
                float shift_value, RowLanes* lanes, const ColumnSums& columns) {
    constexpr int step = K == Kind::f32 ? L : 2 * L;
    const F shift = splat(shift_value);
    F row[R][4], low[R], high[R];
    S positive[R];
    W negative[R];
    ZeroSeen32 zeros32[R];
    ZeroSeen16 zeros16[R];
    for (int r = 0; r < R; ++r) {
        for (int p = 0; p < 4; ++p) row[r][p] = load<F>(lanes[r].sums[p]);
        low[r] = load<F>(lanes[r].low), high[r] = load<F>(lanes[r].high);
        positive[r] = load<S>(lanes[r].positive), negative[r] = load<W>(lanes[r].negative);
    }
    std::int64_t c = first;
    for (; c + step <= last; c += step) {
        const std::byte* at[R];
        for (int r = 0; r < R; ++r) at[r] = rows[r] + c * size_of(K), prefetch(ahead[r] + c * size_of(K));
        float* const sums[4] = {columns.sums[0] + c, columns.sums[1] + c, columns.sums[2] + c, columns.sums[3] + c};
        if constexpr (K == Kind::f32) {
            F column_low = load<F>(columns.low + c), column_high = load<F>(columns.high + c);
            F column[4];
            for (int p = 0; p < 4; ++p) column[p] = load<F>(sums[p]);
#pragma GCC unroll 4
            for (int r = 0; r < R; ++r) {
                const F x = load<F>(at[r]);
                low[r] = smaller(x, low[r]), high[r] = larger(x, high[r]);
                column_low = smaller(x, column_low), column_high = larger(x, column_high);
                zeros32[r].see(x);
                add_powers(Shifted ? x - shift : x, row[r], column);
            }
            for (int p = 0; p < 4; ++p) store(sums[p], column[p]);
            store(columns.low + c, column_low), store(columns.high + c, column_high);
        } else {
            S column_positive = load<S>(columns.positive + c);
            W column_negative = load<W>(columns.negative + c);
#pragma GCC unroll 4
            for (int r = 0; r < R; ++r) {
                const S x = load<S>(at[r]);
                positive[r] = larger(x, positive[r]), negative[r] = larger((W)x, negative[r]);
                column_positive = larger(x, column_positive), column_negative = larger((W)x, column_negative);
                zeros16[r].see(x);
            }
            store(columns.positive + c, column_positive), store(columns.negative + c, column_negative);
            add_half<K, R, Shifted, 0>(at, shift, row, sums);
            add_half<K, R, Shifted, 1>(at, shift, row, sums);
        }
    }
    for (int r = 0; r < R; ++r) {
        for (int p = 0; p < 4; ++p) store(lanes[r].sums[p], row[r][p]);
        store(lanes[r].low, low[r]), store(lanes[r].high, high[r]);
        store(lanes[r].positive, positive[r]), store(lanes[r].negative, negative[r]);
        if (K == Kind::f32 ? zeros32[r].any() : zeros16[r].any()) lanes[r].has_zero = true;
        moments_tail<K>(rows[r], c, last, shift_value, lanes[r], columns);
    }
}

/// All rows of a tile by fours, whose sums the registers hold; while four are at work, the next four are fetched.
template <Kind K, bool Shifted>
void moments_of(int count, const std::byte* const* rows, std::int64_t first, std::int64_t last, float shift,
                RowLanes* lanes, const ColumnSums& columns) {
    constexpr int R = QUANTSCOPE_ROWS;
    int r = 0;
    for (; r + R <= count; r += R)
        moments_of<K, R, Shifted>(rows + r, rows + (r + 2 * R <= count ? r + R : r), first, last, shift, lanes + r,
                                  columns);
    for (; r < count; ++r)
        moments_of<K, 1, Shifted>(rows + r, rows + (r + 1 < count ? r + 1 : r), first, last, shift, lanes + r, columns);
}

void moments(Kind kind, int count, const std::byte* const* rows, std::int64_t first, std::int64_t last, float shift,
             RowLanes* lanes, const ColumnSums& columns) {
    const auto run = shift != 0 ? (kind == Kind::f32   ? moments_of<Kind::f32, true>
                                   : kind == Kind::f16 ? moments_of<Kind::f16, true>
                                                       : moments_of<Kind::bf16, true>)
                                : (kind == Kind::f32   ? moments_of<Kind::f32, false>
                                   : kind == Kind::f16 ? moments_of<Kind::f16, false>
                                                       : moments_of<Kind::bf16, false>);
    run(count, rows, first, last, shift, lanes, columns);
}

std::int64_t column_place(Kind kind, std::int64_t column, std::int64_t columns) {
    const std::int64_t within = column % (2 * L), group = column - within;
    if (kind != Kind::bf16 || group + 2 * L > columns) return column;
    return group + within / 2 + within % 2 * L;
}
