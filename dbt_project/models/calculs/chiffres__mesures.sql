-- The value of every measure: `valeur` is exact, and empty when `code_calcul` says why.
with mesures as (
    select
        declares.code,
        declares.exercice,
        declares.decimales,
        case
            when etats.etat = 'manquant' then null
            when agregats.nb_lignes is not null then agregats.valeur
            when declares.code_si_vide is null then cast(0 as decimal(20, 6))
        end as valeur,
        case
            when etats.etat = 'manquant' then 'm'
            when agregats.nb_lignes is null then declares.code_si_vide
            when agregats.valeur is null then '?'
        end as code_calcul,
        coalesce(agregats.nb_lignes, 0) as nb_lignes
    from {{ ref('chiffres__declares') }} as declares
    inner join {{ ref('chiffres__etats') }} as etats
        on declares.code = etats.code and declares.exercice = etats.exercice
    left join {{ ref('chiffres__agregats') }} as agregats
        on declares.code = agregats.code and declares.exercice = agregats.exercice
    where declares.est_mesure
)

select
    mesures.code,
    mesures.exercice,
    mesures.valeur,
    {{ arrondi_selon('mesures.valeur', 'mesures.decimales') }} as valeur_arrondie,
    mesures.code_calcul,
    absences.code_manquant as code_absence,
    mesures.nb_lignes
from mesures
left join {{ ref('fct_absences_declarees') }} as absences
    on mesures.code = absences.code_chiffre and mesures.exercice = absences.exercice
