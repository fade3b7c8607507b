-- Findings: what two sources, or two ways of counting, say of the same thing.
with controles as (
    select code_controle, exercice, perimetre, valeur, valeur_attendue
    from {{ ref('fct_controles_rh') }}
    union all
    -- the theoretical head count may differ from the one a year before: somebody to look for, not an error. Readers
    -- compare with what was published then, or with the count if nothing was
    select
        'RH-THEORIQUE' as code_controle,
        variations.exercice,
        variations.libelle_statut as perimetre,
        variations.nb_agents_theorique_precedent as valeur,
        coalesce(publies.valeur_publiee, precedents.nb_agents) as valeur_attendue
    from {{ ref('rpt_rh__variations') }} as variations
    left join {{ ref('fct_chiffres_publies') }} as publies
        on variations.exercice = publies.exercice + 1
        and publies.code_chiffre = case variations.code_statut
            when 'tous' then 'rh.effectif_permanent.total'
            else 'rh.effectif.' || variations.code_statut
        end
    left join {{ ref('rpt_rh__variations') }} as precedents
        on variations.exercice = precedents.exercice + 1
        and variations.code_statut = precedents.code_statut
    where coalesce(publies.valeur_publiee, precedents.nb_agents) is not null
)

select
    cast(code_controle as string) as code_controle,
    cast(exercice as integer) as exercice,
    cast(perimetre as string) as perimetre,
    cast(valeur as decimal(20, 6)) as valeur,
    cast(valeur_attendue as decimal(20, 6)) as valeur_attendue,
    cast(valeur - valeur_attendue as decimal(20, 6)) as ecart,
    -- pay of one year may be charged to the next: gross pay and its accounts agree within 2 %
    cast(
        abs(valeur - valeur_attendue) <= case code_controle when 'RH-DSN-PAIE' then 0.02 * valeur_attendue else 0 end as boolean
    ) as est_egal,
    {{ role_ligne() }}
from controles
