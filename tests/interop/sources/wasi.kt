// A program for WASI.
fun main(args: Array<String>) {
    println("Hello WASI")
    println((1..10).map { it * it }.filter { it % 2 == 1 })
    try { error("boom") } catch (e: IllegalStateException) { println(e.message) }
    println(3.14.toString() + " " + 1e300 + " " + kotlin.random.Random(1).nextInt(1000))
}
