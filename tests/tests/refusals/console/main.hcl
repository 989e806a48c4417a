# Expressions that are typed.
