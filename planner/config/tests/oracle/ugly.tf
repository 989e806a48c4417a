resource   "a"  "b"{
# first
count=1
  long_name   = [1,2 , 3]   # why
  x = foo( 1,-2 )  # then


    tags = {
  a = "${ var.x }-y"
      bb=!true&&a.b[0]
 (var.k) = 1
   }
  heredoc = <<EOT
  keep   this ${ x }
 EOT
  list = {for k,v in  var.m:k=>v... if v!=null}
  empty={}
  cond = var.a?[1]:-1
  multi = merge(
  {a=1},
      {
   b = 2
  },
  )
  idx = a.b [ 0 ].c[*] .d
  neg = 1 -2
  par = ( 1+2 )*3
nested {
x=1 // c
}
dynamic "y" {
for_each=[ for i in [1,2]:i if i>1 ]
content {}
}
}
module "z" { source="./z" }
locals {
  a=1
  bcd=2

  ef = 3
  t1 = "%{ if a }x%{ else }y%{ endif }"
  t2 = "%{~ for x in [1,2] ~} ${~ x+1 ~} %{~ endfor ~} \" $${ a } ${ { a = 1 }["a"] } ${"q"}"
  /* block */
  g = [
    1,
  2
  ]
  hhhhh = "x"
}
resource /* what */ "a"   /* x */ b {
  aa = ( /* x */ 1) /* y */
  b = 22 # y  
  c = f(1 /* z */, [ /* w */ ])
  d = "x${ {a=1} }${ {b=2}["b"] }"
} # end
