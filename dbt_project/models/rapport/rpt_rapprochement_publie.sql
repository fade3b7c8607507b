-- Each printed number against ours. A report leaves out decimals that are zeros: where it prints a unit of a subject with
-- decimals, here or in another year, a number without any is exact, as far as the figure itself has decimals (« 4 » beside
-- « 5,25 » is not 3,75). Where it prints none, it rounds, and says less than we do.
with paires as (
    select
        publies.code_chiffre,
        publies.exercice,
        -- a published number used for a missing one is not compared with itself
        case when coalesce(chiffres.statut <> 'publié', true) then chiffres.valeur end as valeur_recalculee,
        case when coalesce(chiffres.statut <> 'publié', true) then chiffres.code_manquant else 'm' end as code_manquant,
        coalesce(chiffres.decimales, 0) as decimales,
        publies.valeur_publiee,
        publies.code_manquant_publie,
        publies.texte_publie,
        publies.nb_decimales_publiees,
        max(publies.nb_decimales_publiees) over (partition by split_part(publies.code_chiffre, '.', 1), publies.unite)
            as nb_decimales_ailleurs,
        publies.remarque
    from {{ ref('fct_chiffres_publies') }} as publies
    left join {{ ref('chiffres') }} as chiffres
        on publies.code_chiffre = chiffres.code and publies.exercice = chiffres.exercice
),

precisions as (
    select
        *,
        greatest(decimales, nb_decimales_publiees) as precision_du_chiffre,
        greatest(least(decimales, nb_decimales_ailleurs), nb_decimales_publiees) as precision_imprimee
    from paires
),

arrondis as (
    select
        *,
        {{ arrondi_selon('valeur_recalculee', 'precision_du_chiffre') }} = valeur_publiee as est_exact,
        {{ arrondi_selon('valeur_recalculee', 'precision_imprimee') }} = valeur_publiee as est_arrondi
    from precisions
),

statuts as (
    select
        *,
        case
            when est_exact then 'égal'
            when est_arrondi then 'égal à l’arrondi imprimé'
            -- a number against another, or against a printed mention
            when valeur_recalculee is not null then 'écart'
            when code_manquant = code_manquant_publie then 'manquant des deux côtés'
            when code_manquant_publie is not null and code_manquant <> 'm' then 'écart'
            else 'non recalculé'
        end as statut
    from arrondis
)

select
    cast(code_chiffre as string) as code_chiffre,
    cast(exercice as integer) as exercice,
    cast(valeur_recalculee as decimal(20, 6)) as valeur_recalculee,
    cast(code_manquant as string) as code_manquant,
    cast(valeur_publiee as decimal(20, 6)) as valeur_publiee,
    cast(code_manquant_publie as string) as code_manquant_publie,
    cast(texte_publie as string) as texte_publie,
    cast(nb_decimales_publiees as integer) as nb_decimales_publiees,
    cast(valeur_recalculee - valeur_publiee as decimal(20, 6)) as ecart,
    cast(statut in ('égal', 'égal à l’arrondi imprimé', 'manquant des deux côtés') as boolean) as est_egal,
    cast(statut as string) as statut_rapprochement,
    cast(remarque as string) as remarque,
    {{ role_ligne() }}
from statuts
