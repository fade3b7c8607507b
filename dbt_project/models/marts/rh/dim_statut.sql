-- The statuts by which facts count: « contractuel » where no list of agents says whether the post is permanent.
select
    cast(code_statut as string) as code_statut,
    cast(libelle_statut as string) as libelle_statut,
    cast(rang as integer) as rang,
    cast(case when code_statut <> 'contractuel' then {{ est_permanent() }} end as boolean) as est_permanent
from {{ statuts(['fonctionnaire', 'contractuel_permanent', 'contractuel_non_permanent', 'contractuel']) }}
