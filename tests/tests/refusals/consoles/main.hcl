# A machine that cplan knows a way to, and no console of.
