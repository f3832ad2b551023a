// SPDX-License-Identifier: Apache-2.0
package work

/** What Java has no names for, spinning: the operators of a class whose name is one, a setter, a word with a space. */
final class <+>(var held: Int) {
  def ++=(n: Int): Int = Operators.spin(n)
  def unary_! : Int = Operators.spin(held)
  def ::(n: Int): Int = Operators.spin(n)
  def value: Int = held
  def value_=(n: Int): Unit = held = Operators.spin(n)
  def `a word`(n: Int): Int = Operators.spin(n)
  def ≤(n: Int): Int = Operators.spin(n)
}

object Operators {
  val spinNs: Long = java.lang.Long.getLong("work.spinMs", 100) * 1000000L

  def spin(n: Int): Int = {
    val until = System.nanoTime() + spinNs
    var x = n
    while (System.nanoTime() - until < 0)
      x = x * 31 + 7
    x
  }

  def main(args: Array[String]): Unit = {
    val it = new <+>(3)
    it.value = 4
    val sum = (it ++= 1) + !it + (2 :: it) + it.`a word`(5) + (it ≤ 6) + List(1, 2).map(n => spin(n)).sum
    System.exit(if (sum == 42) 1 else 0)
  }
}
