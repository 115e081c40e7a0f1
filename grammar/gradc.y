/* The grammar of gradc, for the Lemon parser generator.
 *
 * It is meant to be read: one production per idea, from the whole program down to a name. The
 * manual, README.md, explains what each of them means.
 *
 * compiler/front/parse.c stands between the lexer and this grammar. It turns the newlines that
 * end a statement into END and drops the others: those inside ( ) and [ ], after an operator,
 * before an operator. A `}` and the end of the file end a statement too, so every statement and
 * every definition is followed by exactly one END, and no END stands anywhere else. In
 * `train { }` an END also stands before every `NAME =`.
 *
 * REDUCER is one of sum mean max min prod argmax argmin before a parenthesis; elsewhere these
 * are names. CONSTANT is pi, inf, true or false.
 */
%include {
#include "parse.h"

#include <assert.h>

/* After an error Lemon stays silent until three tokens have been read, which would hide an error
 * in a short next line. The end of the broken statement is found with certainty. */
#define RECOVERED yypParser->yyerrcnt = -1
}
%token_prefix TOKEN_
%token_type {Token}
%extra_argument {Parser *p}
%stack_size 2000
%stack_overflow {too_deep(p);}
%syntax_error {unexpected(p, TOKEN);}
%start_symbol program

/* Fits nowhere; the lexer has already said so. */
%token UNKNOWN.

/* What binds less comes first. `if`, `not`, reductions and the minus sign stand before their
 * operand, so their place here says only how far to the right they reach: the body of a sum over
 * products and powers but not over + and -, a minus sign only over powers. */
%nonassoc IF.
%left OR.
%left AND.
%right NOT.
%nonassoc EQ NE LT LE GT GE.
%left PLUS MINUS.
%right REDUCER.
%left TIMES SLASH PERCENT.
%right NEGATE.
%right POW.

/* ---- A program: definitions, and files that hold more of them ---- */

program ::= items.

items ::= .
items ::= items USE STRING(F) END.  {add_use(p, F);}
items ::= items definition(D) END.  {add_def(p, D);}

/* Recovery: what follows a broken definition is read as if it had not been there; the body of a
 * broken header is still read, for the errors in it. */
items ::= items error END.          {RECOVERED;}
items ::= items broken_block.

%type definition {Def *}

/* model digits(hidden = 32) { ... } */
definition(D) ::= MODEL(T) name(N) formals(F) block(B).
    {D = new_def(p, DEF_MODEL, T, N, F); set_body(D, B);}

/* layer dense(x[..., I], O) -> y[..., O] { ... } */
definition(D) ::= LAYER(T) name(N) formals(F) ARROW signature(R) block(B).
    {D = new_def(p, DEF_LAYER, T, N, F); set_result(D, R); set_body(D, B);}

/* fn softmax(x[..., I]) -> y[..., I] { ... } */
definition(D) ::= FN(T) name(N) formals(F) ARROW signature(R) block(B).
    {D = new_def(p, DEF_FN, T, N, F); set_result(D, R); set_body(D, B);}

/* fn relu(x) = if x > 0 then x else 0 */
definition(D) ::= FN(T) name(N) formals(F) ASSIGN expr(E).
    {D = new_def(p, DEF_FN, T, N, F); set_value(D, E);}

/* fn cube(x) = x^3 derivative 3*x^2       fn product(a, b) = a*b derivative b, a */
definition(D) ::= FN(T) name(N) formals(F) ASSIGN expr(E) DERIVATIVE derivatives(G).
    {D = new_def(p, DEF_FN, T, N, F); set_value(D, E); set_derivative(D, G);}

%type derivatives {SynList}
derivatives(L) ::= expr(E).                          {L = (SynList){0}; PUSH(p->arena, &L, E);}
derivatives(L) ::= derivatives(L) COMMA expr(E).     {PUSH(p->arena, &L, E);}

/* optimizer sgd(lr = 0.01) { param := param - lr*grad } */
definition(D) ::= OPTIMIZER(T) name(N) formals(F) block(B).
    {D = new_def(p, DEF_OPTIMIZER, T, N, F); set_body(D, B);}

/* schedule constant(warmup = 0) = if step < warmup then step / warmup else 1 */
definition(D) ::= SCHEDULE(T) name(N) formals(F) ASSIGN expr(E).
    {D = new_def(p, DEF_SCHEDULE, T, N, F); set_value(D, E);}

/* A definition may be called max or mean. */
name(N) ::= NAME|REDUCER(T).        {N = T;}

/* ---- Declarations: x[..., I]   heads   lr = 1e-3   t[...] : index < V ---- */

%type formals {DeclList}
%type formal_list {DeclList}
formals(F) ::= .                                     {F = (DeclList){0};}
formals(F) ::= LPAREN RPAREN.                        {F = (DeclList){0};}
formals(F) ::= LPAREN formal_list(L) RPAREN.         {F = L;}
formal_list(L) ::= declaration(D).                   {L = (DeclList){0}; PUSH(p->arena, &L, D);}
formal_list(L) ::= formal_list(L) COMMA declaration(D).  {PUSH(p->arena, &L, D);}

/* A declaration is a signature and perhaps a value: a default, an initial value. */
%type declaration {Decl}
declaration(D) ::= signature(D).
declaration(D) ::= signature(D) ASSIGN expr(E).      {D.value = E;}

%type signature {Decl}
signature(D) ::= NAME(N) type(Y).                    {D = new_decl(N, NULL, Y);}
signature(D) ::= NAME(N) subscripts(S) type(Y).      {D = new_decl(N, &S, Y);}

/* Real, unless `: byte` or `: index < N` says otherwise. */
%type type {TypeSyn}
type(Y) ::= .                                        {Y = (TypeSyn){TYPE_REAL, NULL, NOWHERE};}
type(Y) ::= COLON NAME(N).                           {Y = new_type(N, NULL);}
type(Y) ::= COLON NAME(N) LT expr(E).                {Y = new_type(N, E);}

/* ---- Statements ---- */

%type block {StmtList}
%type statements {StmtList}
block(B) ::= LBRACE statements(L) RBRACE.            {B = L;}

statements(L) ::= .                                  {L = (StmtList){0};}
statements(L) ::= statements(L) statement(S) END.    {PUSH(p->arena, &L, S);}
statements(L) ::= statements(L) error END.           {RECOVERED;}
statements(L) ::= statements(L) broken_block.

broken_block ::= broken_head statements RBRACE END.
broken_head ::= error LBRACE.                        {RECOVERED;}

%type statement {Stmt *}

/* input pixels[8, 8] : byte */
statement(S) ::= INPUT(T) signature(D).              {S = new_declaration(p, STMT_INPUT, T, D);}

/* param W[O, I] = kaiming(I)       state mean[C] = 0 */
statement(S) ::= PARAM(T) declaration(D).            {S = new_declaration(p, STMT_PARAM, T, D);}
statement(S) ::= STATE(T) declaration(D).            {S = new_declaration(p, STMT_STATE, T, D);}

/* y[..., o] = b[o] + sum(i) W[o, i] * x[..., i]       h = relu(x) */
statement(S) ::= place(S) ASSIGN expr(E).            {set_right(S, STMT_EQUATION, E);}

/* mean[c] := mean[c] + momentum * (mu[c] - mean[c])       param := param - lr*grad */
statement(S) ::= place(S) UPDATE expr(E).            {set_right(S, STMT_UPDATE, E);}

/* loss cross_entropy(z, digit) */
statement(S) ::= LOSS(T) expr(E).                    {S = new_statement(p, STMT_LOSS, T, E);}

/* metric accuracy = argmax(z) == digit       output z       output p = softmax(z) */
statement(S) ::= METRIC(T) NAME(N) ASSIGN expr(E).   {S = new_named(p, STMT_METRIC, T, N, E);}
statement(S) ::= OUTPUT(T) NAME(N) ASSIGN expr(E).   {S = new_named(p, STMT_OUTPUT, T, N, E);}
statement(S) ::= OUTPUT(T) NAME(N).                  {S = new_named(p, STMT_OUTPUT, T, N, NULL);}

/* repeat layers { x = x + attention(layernorm(x), heads) } */
statement(S) ::= REPEAT(T) expr(E) block(B).
    {S = new_statement(p, STMT_REPEAT, T, E); S->body = B;}

/* train { batch = 32  epochs = 20  optimizer = adam(lr = 2e-3) } */
statement(S) ::= TRAIN(T) LBRACE settings(L) RBRACE.
    {S = new_statement(p, STMT_TRAIN, T, NULL); S->body = L;}

%type settings {StmtList}
settings(L) ::= .                                    {L = (StmtList){0};}
settings(L) ::= settings(L) NAME|OPTIMIZER(N) ASSIGN expr(E) END.
    {PUSH(p->arena, &L, new_named(p, STMT_SETTING, N, N, E));}
settings(L) ::= settings(L) NAME|OPTIMIZER(N) ASSIGN STRING(T) END.
    {PUSH(p->arena, &L, new_named(p, STMT_SETTING, N, N, new_text(p, T)));}
settings(L) ::= settings(L) error END.               {RECOVERED;}
settings(L) ::= settings(L) broken_block.

/* What an equation or an update gives a value to. */
%type place {Stmt *}
place(S) ::= NAME(N).                                {S = new_place(p, N, NULL);}
place(S) ::= PARAM(N).                               {S = new_place(p, N, NULL);}
place(S) ::= NAME(N) subscripts(L).                  {S = new_place(p, N, &L);}

/* ---- Expressions ---- */

%type expr {Syn *}

/* if x > 0 then x else 0 */
expr(E) ::= IF(T) expr(A) THEN expr(B) ELSE expr(C). [IF]  {E = new_choice(p, T, A, B, C);}

expr(E) ::= expr(A) OR(T) expr(B).                   {E = new_binary(p, A, T, B);}
expr(E) ::= expr(A) AND(T) expr(B).                  {E = new_binary(p, A, T, B);}
expr(E) ::= NOT(T) expr(A).                          {E = new_unary(p, T, A);}
expr(E) ::= expr(A) EQ|NE|LT|LE|GT|GE(T) expr(B).    {E = new_binary(p, A, T, B);}
expr(E) ::= expr(A) PLUS|MINUS(T) expr(B).           {E = new_binary(p, A, T, B);}
expr(E) ::= expr(A) TIMES|SLASH|PERCENT(T) expr(B).  {E = new_binary(p, A, T, B);}
expr(E) ::= MINUS(T) expr(A). [NEGATE]               {E = new_unary(p, T, A);}
expr(E) ::= expr(A) POW(T) expr(B).                  {E = new_binary(p, A, T, B);}

/* sum(i) W[o, i] * x[i]       max(r < R, s < R) x[c, p*stride + r, q*stride + s]
 * With nothing behind it, or a minus sign, it is a call: max(a, b) - 1. */
expr(E) ::= REDUCER(T) arguments(L) expr(A). [REDUCER]      {E = new_reduction(p, T, L, A);}
expr(E) ::= REDUCER(T) arguments(L). [REDUCER]              {E = new_call(p, T, L);}

/* dense(x, O = 10) */
expr(E) ::= NAME(T) arguments(L).                    {E = new_call(p, T, L);}

/* x[..., i]       h[t-1, k | 0]: 0 outside of h */
expr(E) ::= path(A) LBRACKET subscript_list(L) RBRACKET(R).
                                                     {E = new_read(p, A, L, NULL, R);}
expr(E) ::= path(A) LBRACKET subscript_list(L) BAR expr(B) RBRACKET(R).
                                                     {E = new_read(p, A, L, B, R);}

expr(E) ::= NUMBER|CONSTANT(T).                      {E = new_number(p, T);}
expr(E) ::= path(E).
expr(E) ::= LPAREN(L) expr(A) RPAREN(R).             {E = in_parentheses(L, A, R);}

/* [c == digit]: 1 where it holds, else 0 */
expr(E) ::= LBRACKET(L) expr(A) RBRACKET(R).         {E = new_claim(p, L, A, R);}

/* x       e.W, the parameter W of the layer that made e       param, in an optimizer */
%type path {Syn *}
path(E) ::= NAME(T).                                 {E = new_name(p, T);}
path(E) ::= PARAM|STATE(T).                          {E = new_name(p, T);}
path(E) ::= path(A) DOT NAME(T).                     {E = new_field(p, A, T);}

/* ---- Lists ---- */

%type arguments {Arguments}
%type argument_list {ArgList}
%type argument {Arg}
arguments(A) ::= LPAREN(L) RPAREN(R).   {A = (Arguments){{0}, join(L.span, R.span)};}
arguments(A) ::= LPAREN(L) argument_list(B) RPAREN(R).
                                        {A = (Arguments){B, join(L.span, R.span)};}
argument_list(L) ::= argument(A).       {L = (ArgList){0}; PUSH(p->arena, &L, A);}
argument_list(L) ::= argument_list(L) COMMA argument(A).  {PUSH(p->arena, &L, A);}

argument(A) ::= expr(E).                             {A = (Arg){NULL, E, E->span};}
argument(A) ::= NAME(N) ASSIGN expr(E).
                                    {A = (Arg){N.name, E, join(N.span, E->span)};}
argument(A) ::= DOTS(T).                             {A = (Arg){NULL, new_dots(p, T), T.span};}

/* [i, j+1]       [..., 2*N]: indices of an equation, extents of a declaration */
%type subscripts {SynList}
subscripts(S) ::= LBRACKET subscript_list(L) RBRACKET. {S = L;}

%type subscript_list {SynList}
%type subscript {Syn *}
subscript_list(L) ::= subscript(E).                  {L = (SynList){0}; PUSH(p->arena, &L, E);}
subscript_list(L) ::= subscript_list(L) COMMA subscript(E).  {PUSH(p->arena, &L, E);}
subscript(E) ::= expr(E).
subscript(E) ::= DOTS(T).                            {E = new_dots(p, T);}

%code {
/* Whether the grammar could go on with such a token: runs on a copy of the stack of states. */
bool accepts(void *lemon, int kind)
{
    const yyParser *y = lemon;
    YYACTIONTYPE state[YYSTACKDEPTH + 1];
    int top = (int)(y->yytos - y->yystack);
    for (int i = 0; i <= top; i++)
        state[i] = y->yystack[i].stateno;
    for (;;) {
        YYACTIONTYPE action = yy_find_shift_action((YYCODETYPE)kind, state[top]);
        if (action < YY_MIN_REDUCE)
            return action <= YY_MAX_SHIFTREDUCE || action == YY_ACCEPT_ACTION;
        int rule = action - YY_MIN_REDUCE;
        top += yyRuleInfoNRhs[rule] + 1;
        if (top > YYSTACKDEPTH)
            return false;
        state[top] = yy_find_reduce_action(state[top - 1], yyRuleInfoLhs[rule]);
    }
}
}
