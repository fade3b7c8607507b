create table comparaison.fct_ratios as
with operandes as (
    select
        organisations.siren_organisation,
        exercices.exercice,
        ratios.code_ratio,
        chiffres.valeur * ratios.multiplicateur as numerateur,
        case when ratios.denominateur is null then 1 else diviseurs.valeur end as diviseur,
        ratios.decimales,
        case
            when organisations.absence is not null then organisations.absence
            when chiffres.code is null then 'chiffre non publié'
            when chiffres.motif is not null then 'chiffre ' || chiffres.motif
            when ratios.denominateur is null then null
            when diviseurs.denominateur is null then 'dénominateur non publié'
            when diviseurs.motif is not null then 'dénominateur ' || diviseurs.motif
            when diviseurs.valeur = 0 then 'dénominateur nul'
        end as motif
    from comparaison.dim_organisation as organisations
    cross join (select distinct exercice from rapport.chiffres) as exercices
    cross join comparaison.dim_ratio as ratios
    left join chiffres
        on organisations.siren_organisation = chiffres.siren_organisation
        and exercices.exercice = chiffres.exercice
        and ratios.code_chiffre = chiffres.code
    left join diviseurs
        on ratios.denominateur = diviseurs.denominateur
        and organisations.siren_organisation = diviseurs.siren_organisation
        and exercices.exercice = diviseurs.exercice
),

-- decimal / decimal is a double here: the half-up quotient is that of integers
entiers as (
    select
        *,
        2 * abs(cast(numerateur * 1000000 as hugeint)) * cast(pow(10, decimales) as hugeint) as dividende,
        abs(cast(diviseur * 1000000 as hugeint)) as diviseur_entier
    from operandes
)

select
    siren_organisation,
    cast(exercice as integer) as exercice,
    code_ratio,
    case when motif is null then
        cast(
            sign(numerateur) * sign(diviseur) * ((dividende + diviseur_entier) // nullif(2 * diviseur_entier, 0))
            / pow(10, decimales) as decimal(20, 6)
        )
    end as valeur,
    motif as motif_ecart
from entiers;
