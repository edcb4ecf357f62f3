// A program for the browser without a DOM: its library, snippets of JavaScript, promises, timers, exports.
@file:OptIn(kotlin.js.ExperimentalWasmJsInterop::class, kotlin.js.ExperimentalJsExport::class)
import kotlin.js.*
import kotlin.math.sqrt
external class Date { constructor(); constructor(x: Double); fun getTime(): Double; fun toISOString(): String }
external object JSON { fun stringify(x: JsAny?): String; fun parse(s: String): JsAny }
external fun setTimeout(f: () -> Unit, ms: Int): Int
fun add(a: Int, b: Int): Int = js("a + b")
fun apply2(f: (Int) -> Int, n: Int): Int = js("f(n) * 2")
fun mk(): JsAny = js("({a: 1, b: [1,2,3]})")
fun loop(n: Int): Int = js("{ let s = 0; for (let i = 0; i < n; i++) { s += i } return s }")
fun throwIt(): Unit = js("{ throw new TypeError('bad ' + 1) }")
fun undef(): JsAny? = js("undefined")
@JsExport fun twice(n: Int): Int = n * 2
@JsExport fun longs(n: Long): Long = n + 1
@JsExport fun isEven(n: Int): Boolean = n % 2 == 0
@JsExport fun callMe(f: (String) -> String): String = f("kotlin") + "!"
@JsExport fun mul(a: Double, b: Float): Double = a * b
@JsExport fun maybe(a: String?): String? = a?.uppercase()
@JsExport fun adder(n: Int): (Int) -> Int = { it + n }
@JsExport fun fail(): Int = throw IllegalArgumentException("no good")
@JsExport fun failJs() { throwIt() }
@JsExport fun uns(x: UInt): UInt = x + 1u
data class P(val x: Int, val y: String)
fun main() {
    println("Hello from Kotlin")
    val m = (1..10).groupBy { it % 3 }.mapValues { it.value.sum() }
    println(m)
    println(listOf(P(1, "a"), P(2, "ü€😀")).joinToString())
    println("héllo 😀 wörld".uppercase().reversed())
    println(sqrt(2.0)); println(1e21); println(0.1f); println(1.0/3)
    try { listOf(1)[3] } catch (e: IndexOutOfBoundsException) { println("caught " + e.message) }
    println("a1b22c".replace(Regex("[0-9]+")) { "<" + it.value + ">" })
    println("12345678901234567890".toLongOrNull()); println("3.25e3".toDouble())
    println(Long.MAX_VALUE); println((-5).mod(3)); println(12345.toString(16))
    val sb = StringBuilder(); for (i in 0 until 5) sb.append(i).append(','); println(sb)
    println(sequence { yield(1); yield(2) }.toList())
    println(kotlin.random.Random(42).nextInt(100))

    println(add(2, 3)); println(apply2({ it + 1 }, 4)); println(JSON.stringify(mk())); println(loop(10))
    println(Date(0.0).toISOString())
    try { throwIt() } catch (e: JsException) { println("caught " + e.message) }
    println(undef() == null)
    val a = JsArray<JsNumber>(); a[0] = 5.toJsNumber(); println(a.length)
    println(listOf("b","a").sorted())
    setTimeout({ println("timer") }, 5)
    Promise.resolve("x".toJsString()).then { println("then " + it); null }
    println(kotlin.time.TimeSource.Monotonic.markNow().elapsedNow() >= kotlin.time.Duration.ZERO)
    println(3.toJsNumber() == 3.toJsNumber())
    println(listOf(5.toJsNumber(), 2.5.toJsNumber(), "ab".toJsString(), true.toJsBoolean()).map { it.hashCode() })
    println("abc".toJsString().toString() + 5.toJsBigInt().toString())
}
fun Int.toJsBigInt(): JsBigInt = this.toLong().toJsBigInt()
