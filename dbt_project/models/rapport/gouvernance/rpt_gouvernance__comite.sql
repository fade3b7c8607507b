-- A period ends wherever a mandate begins or ends: a year of renewal shows two comités, one after the other.
with bornes as (
    select exercice, date_debut as date_borne
    from {{ ref('dim_exercice') }}
    union
    select mandats.exercice, mandats.date_debut as date_borne
    from {{ ref('fct_mandats_electifs') }} as mandats
    inner join {{ ref('dim_exercice') }} as exercices on mandats.exercice = exercices.exercice
    where mandats.date_debut between exercices.date_debut and exercices.date_fin
    union
    select mandats.exercice, mandats.date_fin as date_borne
    from {{ ref('fct_mandats_electifs') }} as mandats
    inner join {{ ref('dim_exercice') }} as exercices on mandats.exercice = exercices.exercice
    where mandats.date_fin between exercices.date_debut and exercices.date_fin
),

periodes as (
    select
        bornes.exercice,
        row_number() over (partition by bornes.exercice order by bornes.date_borne nulls last) as periode,
        bornes.date_borne as date_debut_periode,
        coalesce(
            cast(
                lead(bornes.date_borne) over (partition by bornes.exercice order by bornes.date_borne nulls last)
                - interval 1 day as date
            ),
            exercices.date_fin
        ) as date_fin_periode,
        exercices.date_fin as date_cloture
    from bornes
    inner join {{ ref('dim_exercice') }} as exercices on bornes.exercice = exercices.exercice
)

select
    cast(periodes.exercice as integer) as exercice,
    cast(periodes.periode as integer) as periode,
    cast(periodes.date_debut_periode as date) as date_debut_periode,
    cast(periodes.date_fin_periode as date) as date_fin_periode,
    cast(periodes.date_fin_periode = periodes.date_cloture as boolean) as est_au_31_decembre,
    cast(
        row_number() over (
            partition by periodes.exercice, periodes.periode
            order by
                case mandats.code_fonction when 'presidence' then 1 when 'vice_presidence' then 2 else 3 end nulls last,
                mandats.rang_vice_presidence nulls last,
                {{ normalise_libelle('mandats.nom_elu') }} nulls last,
                {{ normalise_libelle('mandats.prenom_elu') }} nulls last
        ) as integer
    ) as rang,
    cast(mandats.nom_elu as string) as nom_elu,
    cast(mandats.prenom_elu as string) as prenom_elu,
    cast(mandats.code_fonction as string) as code_fonction,
    cast(
        case
            when mandats.rang_vice_presidence is null then mandats.libelle_fonction
            when mandats.rang_vice_presidence > 1 then mandats.rang_vice_presidence || 'e ' || lower(mandats.libelle_fonction)
            when mandats.libelle_fonction = 'Vice-présidente' then '1re vice-présidente'
            else '1er vice-président'
        end as string
    ) as libelle_fonction,
    cast(mandats.qualite as string) as qualite,
    cast(mandats.code_collectivite as string) as code_collectivite,
    cast(collectivites.libelle_collectivite as string) as libelle_collectivite,
    {{ role_ligne() }}
from periodes
inner join {{ ref('fct_mandats_electifs') }} as mandats
    on periodes.exercice = mandats.exercice
    and periodes.date_debut_periode >= mandats.date_debut
    and coalesce(periodes.date_debut_periode < mandats.date_fin, true)
left join {{ ref('dim_collectivite') }} as collectivites
    on mandats.code_collectivite = collectivites.code_collectivite
