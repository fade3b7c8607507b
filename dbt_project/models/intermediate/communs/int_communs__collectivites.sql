-- The members, the syndicate itself (which has payslips of its own), and a line for what belongs to none of them:
-- spellings that are not recognised, and tickets that nobody has dispatched. A fact never loses a row for lack of a
-- place.
select
    code_collectivite,
    libelle_collectivite,
    type_collectivite,
    siren,
    nb_habitants,
    annee_population
from {{ source('organisation', 'collectivites') }}
union all
select
    'syndicat' as code_collectivite,
    sigle as libelle_collectivite,
    'syndicat' as type_collectivite,
    siren,
    cast(null as bigint) as nb_habitants,
    cast(null as integer) as annee_population
from {{ source('organisation', 'profil') }}
union all
select
    personne.code_collectivite,
    personne.libelle_collectivite,
    personne.type_collectivite,
    cast(null as string) as siren,
    cast(null as bigint) as nb_habitants,
    cast(null as integer) as annee_population
from (
    values
    ('inconnue', 'Collectivité non reconnue', 'inconnue'),
    ('non_repartie', 'Non réparti', 'non répartie')
) as personne (code_collectivite, libelle_collectivite, type_collectivite)
