"""Modules whose JavaScript is an object of small functions, one for each import: Kotlin's, Dart's and Java's."""
