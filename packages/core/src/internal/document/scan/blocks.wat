;; Passes over the inside of a JSON array or object, 64 bytes at a time. Built into blocksModule.ts by `npm run wasm`.
;;
;; Of each block it makes numbers of 64 bits, one bit a byte: where quotes, opening and closing brackets are. A bit that is
;; the exclusive or of all quotes up to it says whether a byte lies in a string. Brackets outside of strings are counted.
(module
  ;; At 0, 4 and 8 it leaves the depth, -1 within a string or 0, and 1 where a string ended in url. Bytes lie from 64 on.
  (memory (export "memory") 5)

  ;; Runs from $at to past the bracket that brings the depth to 0. Else to where a block is not whole before $end, or has a
  ;; backslash in it.
  (func (export "pass") (param $at i32) (param $end i32) (param $depth i32) (param $inString i32) (result i32)
    (local $from i32)
    (local $bytes v128)
    (local $urls v128)
    (local $quotes i64)
    (local $within i64)
    (local $opening i64)
    (local $closing i64)
    (local $before i64)
    (local.set $within (i64.extend_i32_s (local.get $inString)))
    (i32.store (i32.const 8) (i32.const 0))
    (block $stop
      (loop $blocks
        (br_if $stop (i32.lt_s (i32.sub (local.get $end) (local.get $at)) (i32.const 64)))
        (local.set $quotes (i64.const 0))
        (local.set $opening (i64.const 0))
        (local.set $closing (i64.const 0))
        (local.set $urls (v128.const i64x2 0 0))
        (local.set $from (i32.add (local.get $at) (i32.const 48)))
        (loop $quarters
          (local.set $bytes (v128.load (local.get $from)))
          (br_if $stop (v128.any_true (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x5c)))))
          (local.set $quotes
            (i64.or
              (i64.shl (local.get $quotes) (i64.const 16))
              (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x22)))))))
          ;; A quote, and before it l, r and u.
          (local.set $urls
            (v128.or (local.get $urls)
              (v128.and
                (v128.and
                  (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x22)))
                  (i8x16.eq (v128.load (i32.sub (local.get $from) (i32.const 1))) (i8x16.splat (i32.const 0x6c))))
                (v128.and
                  (i8x16.eq (v128.load (i32.sub (local.get $from) (i32.const 2))) (i8x16.splat (i32.const 0x72)))
                  (i8x16.eq (v128.load (i32.sub (local.get $from) (i32.const 3))) (i8x16.splat (i32.const 0x75)))))))
          ;; Square brackets become curly ones.
          (local.set $bytes (v128.or (local.get $bytes) (i8x16.splat (i32.const 0x20))))
          (local.set $opening
            (i64.or
              (i64.shl (local.get $opening) (i64.const 16))
              (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x7b)))))))
          (local.set $closing
            (i64.or
              (i64.shl (local.get $closing) (i64.const 16))
              (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x7d)))))))
          (local.set $from (i32.sub (local.get $from) (i32.const 16)))
          (br_if $quarters (i32.ge_s (local.get $from) (local.get $at))))
        (if (v128.any_true (local.get $urls)) (then (i32.store (i32.const 8) (i32.const 1))))
        ;; Each bit becomes the exclusive or of itself and all below.
        (local.set $quotes (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 1))))
        (local.set $quotes (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 2))))
        (local.set $quotes (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 4))))
        (local.set $quotes (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 8))))
        (local.set $quotes (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 16))))
        (local.set $quotes (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 32))))
        (local.set $within (i64.xor (local.get $quotes) (local.get $within)))
        (local.set $opening (i64.and (local.get $opening) (i64.xor (local.get $within) (i64.const -1))))
        (local.set $closing (i64.and (local.get $closing) (i64.xor (local.get $within) (i64.const -1))))
        ;; The block's last byte decides about the next block.
        (local.set $within (i64.shr_s (local.get $within) (i64.const 63)))
        (if (i32.gt_s (local.get $depth) (i32.wrap_i64 (i64.popcnt (local.get $closing))))
          (then (local.set $depth (i32.sub (local.get $depth) (i32.wrap_i64 (i64.popcnt (local.get $closing))))))
          (else
            (loop $brackets
              (if (i64.ne (local.get $closing) (i64.const 0))
                (then
                  ;; The bits below the lowest of $closing.
                  (local.set $before
                    (i64.sub
                      (i64.and (local.get $closing) (i64.sub (i64.const 0) (local.get $closing)))
                      (i64.const 1)))
                  (local.set $depth
                    (i32.sub
                      (i32.add (local.get $depth) (i32.wrap_i64 (i64.popcnt (i64.and (local.get $opening) (local.get $before)))))
                      (i32.const 1)))
                  (if (i32.eqz (local.get $depth))
                    (then
                      (i32.store (i32.const 0) (i32.const 0))
                      (i32.store (i32.const 4) (i32.const 0))
                      (return
                        (i32.add
                          (i32.add (local.get $at) (i32.wrap_i64 (i64.popcnt (local.get $before))))
                          (i32.const 1)))))
                  (local.set $opening
                    (i64.and (local.get $opening) (i64.xor (local.get $before) (i64.const -1))))
                  (local.set $closing
                    (i64.and (local.get $closing) (i64.sub (local.get $closing) (i64.const 1))))
                  (br $brackets))))))
        (local.set $depth (i32.add (local.get $depth) (i32.wrap_i64 (i64.popcnt (local.get $opening)))))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br $blocks)))
    (i32.store (i32.const 0) (local.get $depth))
    (i32.store (i32.const 4) (i32.wrap_i64 (local.get $within)))
    (local.get $at)))
