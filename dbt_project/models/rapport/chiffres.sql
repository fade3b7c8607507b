-- Every printed figure: what was computed, what is declared absent, or what a report already printed.
with calculs as (
    select code, exercice, valeur_arrondie as valeur, code_calcul, nb_lignes
    from {{ ref('chiffres__mesures') }}
    union all
    -- a value that no missing operand explains is a division by zero: not applicable
    select
        code,
        exercice,
        case when code_operande is null then valeur end as valeur,
        coalesce(code_operande, case when valeur is null then '—' end) as code_calcul,
        nb_lignes
    from {{ ref('chiffres__expressions') }}
),

-- a declared absence wins over what was computed, and is contradicted when there were rows to compute from
resultats as (
    select
        calculs.code,
        calculs.exercice,
        calculs.valeur,
        coalesce(absences.code_manquant, calculs.code_calcul) as code_manquant,
        case
            when absences.code_manquant is not null and calculs.code_calcul is null and calculs.nb_lignes > 0
                then calculs.valeur
        end as valeur_ecartee,
        calculs.nb_lignes
    from calculs
    left join {{ ref('fct_absences_declarees') }} as absences
        on calculs.code = absences.code_chiffre and calculs.exercice = absences.exercice
),

-- a figure that is only missing its sources takes the value of the published report, marked as such: it was not
-- computed, its dependents stay missing, and fct_collecte still reports the missing delivery
reprises as (
    select
        resultats.code,
        resultats.exercice,
        publies.valeur_publiee
    from resultats
    inner join {{ ref('chiffres__etats') }} as etats
        on resultats.code = etats.code and resultats.exercice = etats.exercice
    inner join {{ ref('fct_chiffres_publies') }} as publies
        on resultats.code = publies.code_chiffre and resultats.exercice = publies.exercice
    where resultats.code_manquant = 'm' and etats.etat = 'manquant' and publies.valeur_publiee is not null
)

select
    cast(declares.code as string) as code,
    cast(declares.exercice as integer) as exercice,
    cast(
        case when resultats.code_manquant is null then resultats.valeur else reprises.valeur_publiee end
        as decimal(20, 6)
    ) as valeur,
    cast(declares.unite as string) as unite,
    cast(declares.decimales as integer) as decimales,
    cast(
        case
            when resultats.code_manquant is null then 'calculé'
            when reprises.code is not null then 'publié'
            else 'manquant'
        end as string
    ) as statut,
    -- a value that is not applicable (a division by zero) is as complete as what it was computed from
    cast(
        case when coalesce(resultats.code_manquant, '—') = '—' then etats.etat else 'manquant' end as string
    ) as etat,
    cast(case when reprises.code is null then resultats.code_manquant end as string) as code_manquant,
    cast(
        case
            when coalesce(resultats.code_manquant, '—') = '—' then etats.part_manquante
        end as decimal(20, 6)
    ) as part_manquante,
    cast(coalesce(resultats.code_manquant, '—') <> '—' or etats.est_perte_significative as boolean) as est_perte_significative,
    cast(
        case
            when declares.unite = 'EUR' and coalesce(resultats.code_manquant, '—') = '—' then etats.montant_perdu_eur
        end as decimal(20, 2)
    ) as montant_manquant_eur,
    cast(resultats.valeur_ecartee as decimal(20, 6)) as valeur_ecartee,
    cast(resultats.nb_lignes as bigint) as nb_lignes,
    cast(declares.libelle as string) as libelle,
    cast(declares.domaine as string) as domaine,
    cast(declares.formule as string) as formule
from {{ ref('chiffres__declares') }} as declares
inner join {{ ref('chiffres__etats') }} as etats on declares.code = etats.code and declares.exercice = etats.exercice
inner join resultats on declares.code = resultats.code and declares.exercice = resultats.exercice
left join reprises on declares.code = reprises.code and declares.exercice = reprises.exercice
left join {{ ref('fct_absences_declarees') }} as absences
    on declares.code = absences.code_chiffre and declares.exercice = absences.exercice
-- what comes from a system that the organisation does not use is not a figure of its report, not even a missing one
where etats.est_suivi or reprises.code is not null or absences.code_chiffre is not null
